import sys
from pathlib import Path

# Of this workflow, where another one takes it as a module too; `workflow.basedir` is the other's.
WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
SCRIPTS = WORKFLOW / "scripts"
if not SCRIPTS.is_dir():
    sys.exit(f"{SCRIPTS} is no folder here: take the module from a clone, by its path")
for folder in (WORKFLOW, Path.cwd()):
    if {"{", "}"} & set(str(folder)):
        sys.exit(
            f"{folder}: Snakemake takes a brace in a path for a wildcard; rename the folder"
        )
sys.path.insert(0, str(SCRIPTS))
IS_MODULE = not workflow.modifier.is_main_snakefile()
# Where another workflow takes this one, it says what the rules are called there.
renamed = workflow.modifier.modify_rulename

from jfb.config.errors import ConfigError
from jfb.config.text import check_text
from jfb.scheduler import launcher

launcher.find_python_by_name()
if not IS_MODULE and Path("config.yaml").exists():
    try:
        check_text("config.yaml")
    except ConfigError as error:
        sys.exit(f"Error in the configuration: {error}")
elif not config:
    what = (
        "a module needs `config:`"
        if IS_MODULE
        else "there is none in this folder; name one with --configfile, or work in the folder of the Snakefile"
    )
    sys.exit(f"config.yaml: {what}")
