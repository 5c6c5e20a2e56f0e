"""Swap: one more asset below ours, with what Graftline's own definitions give it: tables, settings, models."""

from small_world import run, small_world

if __name__ == "__main__":
    with small_world() as root:
        import dagster as dg
        import pyarrow as pa

        @dg.asset(group_name="ours", ins={"documents": dg.AssetIn("documents", input_manager_key="io_manager")})
        def document_lengths(documents: pa.Table) -> dg.MaterializeResult:
            """The length of each document in characters."""
            lengths = {row["path"]: len(row["text"]) for row in documents.to_pylist()}
            return dg.MaterializeResult(metadata={"lengths": dg.MetadataValue.json(lengths)})

        run("documents")
        from pipelines.definitions import defs

        ours = dg.Definitions.merge(defs, dg.Definitions([document_lengths]))
        result = ours.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[dg.AssetKey("document_lengths")],
            run_config={"loggers": {"console": {"config": {"log_level": "WARNING"}}}},
        )
        (event,) = result.asset_materializations_for_node("document_lengths")
        print(event.metadata["lengths"].value)
