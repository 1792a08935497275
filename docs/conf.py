"""How the documentation is built: Markdown, Furo, and docstrings for the reference."""

import os
import tomllib
from pathlib import Path

from flowkit.diagnostics import CATALOGUE

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

project = "flowkit"
author = "the flowkit authors"
copyright = "2026, the flowkit authors"
release = version = PYPROJECT["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "flowkit"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings are written to be read as they are: `like this` is code.
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

# Type variables are printed as part of a signature and are no page of their own; nor is what can only be handed on.
nitpick_ignore_regex = [
    ("py:class", r"flowkit(\.\w+)*\.[A-Z](_co|_contra)?"),
    ("py:class", r"flowkit(\.\w+)*\.(_\w+|EventStream)"),
]

# Each diagnostic has a page, which does nothing but include the one that the package brings along.
pages = {page.stem for page in Path(__file__).parent.glob("reference/diagnostics/FK*.md")}
if pages != set(CATALOGUE):
    raise ValueError(f"docs/reference/diagnostics: a page is missing, or has no code: {sorted(pages ^ set(CATALOGUE))}")

# Every name of our own must lead somewhere. Names of others lead to their documentation where the network may be
# used to find it, and nowhere otherwise: the build must work, and be strict, offline.
if os.environ.get("DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "attrs": ("https://www.attrs.org/en/stable", None),
        "hypothesis": ("https://hypothesis.readthedocs.io/en/latest", None),
        "opentelemetry": ("https://opentelemetry-python.readthedocs.io/en/latest", None),
    }
else:
    nitpick_ignore_regex.append(("py:.*", r"(?!flowkit\b).*"))
