"""Write the JSON Schema of config.yaml, which editors complete and check by.

Usage: schema.py PATH
"""

import json
import sys

from jfb.config.editors import json_schema
from jfb.storage import files

(path,) = sys.argv[1:]
with files.whole(path) as temporary:
    temporary.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
