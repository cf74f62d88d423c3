import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow/scripts")))

from jfb.config.errors import ConfigError
from jfb.config.text import check_text

try:
    check_text("config.yaml")
except ConfigError as error:
    sys.exit(f"Error in the configuration: {error}")
