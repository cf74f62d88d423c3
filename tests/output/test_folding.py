"""Parts of an HTML page that fold."""

import pytest

from jfb.output.web import folding

PAGE = """<p>First.</p>
<p><a id="x--a"></a></p>
<h4 id="x--one">One?</h4>
<p><strong>Yes, it does so here, too.</strong> As is seen.</p>
<h5 id="x--part">Part</h5>
<p>Some text.</p>
<p><strong>No:</strong> it <code>a.b</code> is 0.5. Or more.</p>
<h4 id="x--two">Two</h4>
<p>Only <strong>words</strong>.</p>
"""


def test_a_part_is_its_heading_and_its_answer():
    first, parts = folding.parts(PAGE, "h4", "h5")
    assert first == "<p>First.</p>\n"
    assert parts.startswith(
        '<details class="part"><summary><a id="x--a"></a><h4 id="x--one">One?</h4>'
        '<span class="lead"><strong>Yes, it does so here, too.</strong></span></summary>\n'
        "<p>As is seen.</p>"
    )
    # A part of a part is open in wide windows; its answer may be in the second paragraph.
    assert (
        '<details class="part wide" open><summary><h5 id="x--part">Part</h5><span class="lead">'
        "<strong>No:</strong> it <code>a.b</code> is 0.5.</span></summary>"
    ) in parts
    assert "<p>Some text.</p>\n<p>Or more.</p>" in parts
    assert '<h4 id="x--two">Two</h4></summary>\n<p>Only <strong>words</strong>.</p>' in parts
    assert parts.count("<details") == parts.count("</details>") == 3
    assert folding.parts("<p>None.</p>", "h4") == ("<p>None.</p>", "")


@pytest.mark.parametrize("rows", [folding.LONG, folding.LONG + 1])
def test_long_tables_before_the_parts_fold(rows):
    table = f'<div class="table"><table><tr><th>a</th></tr>{"<tr></tr>" * rows}</table></div>'
    made = folding.page(f"{table}\n{PAGE}")
    assert (f"<summary>As one table: a ({rows} rows)</summary>" in made) == (rows > folding.LONG)
    # One with a heading is folded in narrow windows only, and what follows it is not.
    made = folding.page(f"<h5>All</h5>\n{table}\n<p>Note.</p>\n{PAGE}")
    opened = '<details class="part wide" open><summary><h5>All</h5></summary>'
    assert f"{opened}\n{table}\n</details>" in made.replace(
        f"<details><summary>As one table: a ({rows} rows)</summary>\n{table}\n</details>\n", table
    )
    assert "</details>\n\n<p>Note.</p>" in made


def test_an_answer_of_a_word_is_told_with_its_first_sentence():
    made = "<ol><li>Is it? <strong>In part.</strong> It is 0.5. Or not.</li></ol>"
    assert folding.answers(made) == (
        '<ol><li><details class="wide" open><summary>Is it? '
        "<strong>In part.</strong> It is 0.5.</summary>\n<p>Or not.</p>\n</details>\n</li></ol>"
    )
    made = "<li>Is it? Yes.</li><li>Or <strong>this</strong>.</li>"
    assert folding.answers(made) == made


def test_a_caption_begins_with_its_first_sentence():
    told = "<p>By K. Raitz, a loss of 0.5, e.g. low. The rest.</p>\n<p>More.</p>"
    assert folding.caption(told) == (
        "<p>By K. Raitz, a loss of 0.5, e.g. low.</p>",
        "<p>The rest.</p>\n<p>More.</p>",
    )
    assert folding.caption("<p>One</p>\n<p>Two.</p>") == ("<p>One</p>", "<p>Two.</p>")
    assert folding.caption("<p>One.</p>") == ("<p>One.</p>", "")
