"""Recipes are partitions: one a file in the recipes folder, read when the definitions load."""

import dagster as dg

from resources.settings import Settings

RECIPES = dg.StaticPartitionsDefinition(sorted(path.stem for path in Settings.load().recipes.glob("*.yaml")))
