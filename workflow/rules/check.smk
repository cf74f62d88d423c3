import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow/scripts")))

from jfb import configtext
from jfb.schema import ConfigError

try:
    configtext.check("config.yaml")
except ConfigError as error:
    sys.exit(f"Error in the configuration: {error}")
