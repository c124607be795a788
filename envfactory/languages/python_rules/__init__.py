"""The rules of Python, one concern per module; ``envfactory.languages.python`` gives them their names.

cited, names, releases                   what the others speak in
project ← pyproject, setup_py            manifests, read and never executed
requirement_files, tox, development_lists, lockfiles, pytest_settings
interpreter, dependencies, plugins, keying → declare
workshop → compiler → resolver, editable, lock → resolve
interpreter_symptoms, runner_symptoms, skip_reasons, import_names, system_packages → repairs
testfiles, drivers, syntax, source_change, interface      which files are tests, what changed
install, runner, rebuild                 the commands that everything above agrees on
"""
