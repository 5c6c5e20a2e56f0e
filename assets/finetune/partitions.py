"""Recipes are partitions: one a file in the recipes folder, read when the definitions load."""

import warnings

import dagster as dg

from resources.settings import Settings

# Checks per partition are in preview in Dagster 1.13; gates per recipe need them.
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

RECIPES = dg.StaticPartitionsDefinition(sorted(path.stem for path in Settings.load().recipes.glob("*.yaml")))
