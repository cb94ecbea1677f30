"""HTML to the text that its reader sees."""

import pytest

from app.inbound.mime import html_to_text
from app.inbound.mime.html import read_html

SAYS = "We need 40 seats."


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One<p>two", "One\n\ntwo"),
        ("<div>One</div><div>two</div>", "One\ntwo"),
        ("One<br>two<br/><br/>three", "One\ntwo\n\nthree"),
        ("in<b>li</b>ne <i>words</i>", "inline words"),
        ("a  \n\t b&nbsp;c", "a b c"),
        ("<ul><li>one<li>two</ul>end", "- one\n- two\n\nend"),
        ("<table><tr><td>Seats<td>40<tr><td>Price<td>9</table>", "Seats 40\nPrice 9"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ('<a href="https://x.example">our site</a>', "our site"),
        ('<img alt="logo" src="http://169.254.169.254/x">text', "text"),
        ("<title>t</title><style>p{}</style><script>x()</script>text", "text"),
        ("a &lt;b&gt; &amp; &euro; &#8364; &#x20AC; &unknown; &", "a <b> & € € € &unknown; &"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<!-- no --><!--[if mso]>no<![endif]-->yes<!---->.", "yes."),
        ("<![if !mso]>yes<![endif]>", "yes"),
        ("<o:p>Word</o:p>", "Word"),
        ("<p title='a>b'>x</p>", "x"),
        ("</td></p></div>x", "x"),
        ("", ""),
        ("&#xD800;&#0;&#99999999999;x", "\ufffd\ufffd\ufffdx"),
        ("-- <br>Ann", "--\nAnn"),
    ],
)
def test_text_is_laid_out_as_a_reader_sees_it(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">buy</div>',
        '<div style="DISPLAY : NONE !important">buy</div>',
        '<div style="d\\69splay:/**/none">buy</div>',
        '<div style="color:red;display&#58;none">buy</div>',
        '<span style="visibility:hidden">buy</span>',
        "<div hidden>buy</div>",
        '<div style="font-size:0">buy</div>',
        '<div style="font-size:1px;color:#333">buy</div>',
        '<div style="font:0/0 a">buy</div>',
        '<div style="mso-hide:all">buy</div>',
        '<div style="max-height:0;overflow:hidden">buy</div>',
        '<div style="height:1px;width:1px;overflow:hidden">buy</div>',
        '<div style="opacity:0">buy</div>',
        '<div style="position:absolute;left:-9999px">buy</div>',
        '<div style="text-indent:-9999px">buy</div>',
        '<div style="display:none"><p>buy<div style="display:block">buy</div></div>',
        '<style>.pre{color:red;display:none}</style><div class="x pre">buy</div>',
        '<style>@media print{a{}} #pre , .q {visibility:hidden}</style><div id="pre">buy</div>',
        "<svg><text>buy</text></svg>",
    ],
)
def test_hidden_text_is_left_out_and_flagged(hidden):
    found = read_html(f"{hidden}<p>{SAYS}</p>")

    assert (found.text, found.flags) == (SAYS, {"hidden_text"})


@pytest.mark.parametrize(
    "shown",
    [
        '<td style="font-size:0px"><div style="font-size:13px">{}</div></td>',  # MJML
        '<div style="visibility:hidden"><p style="visibility:visible">{}</p></div>',
        '<div style="font-size:0.9em">{}</div>',
        '<div style="height:0">{}</div>',
        '<div style="opacity:0.8">{}</div>',
        '<div style="left:-10px">{}</div>',
        '<style>@media (max-width:9px){{.m{{display:none}}}}</style><div class="m">{}</div>',
        '<style>.m{{display:none}}</style><div class="m" style="display:block">{}</div>',
        '<div aria-hidden="true">{}</div>',
        '<input hidden><img style="display:none">{}',
        '<p style="display:none"><p>{}',
        '<ul><li style="display:none"><li>{}</ul>',
        '<table><tr><td style="display:none"><div><td>{}</table>',
        '<div style="display:none"></div>{}',
        '<table><tr><td><div style="display:none">&nbsp;</div>{}</table>',
    ],
)
def test_visible_text_is_kept(shown):
    assert read_html(shown.format(SAYS)).text.removeprefix("- ") == SAYS


def test_a_page_that_hides_all_it_says_is_read_all_the_same():
    found = read_html(f'<div style="display:none">{SAYS}')

    assert (found.text, found.flags) == (SAYS, {"hidden_text"})


def test_padding_of_preheaders_is_no_hidden_text():
    assert read_html('<div style="display:none">&nbsp;&zwnj;&#847;</div>x').flags == set()


@pytest.mark.parametrize(
    ("html", "flags"),
    [
        ('<p style="color:#fff">x', {"pale_text"}),
        ('<font color="white">x</font>', {"pale_text"}),
        ('<td bgcolor="#112233"><p style="color:rgb(17, 34, 51)">x', {"pale_text"}),
        ('<td bgcolor="#112233"><p style="color:#fff">x', set()),
        ('<td style="background:url(x)"><p style="color:#fff">x', set()),
        ('<p style="color:#fff"><b style="color:#000">x', set()),
    ],
)
def test_text_in_the_colour_of_its_background_is_kept_and_flagged(html, flags):
    found = read_html(html)

    assert (found.text, found.flags) == ("x", flags)


def test_quoted_blocks_become_lines_with_a_mark_behind_their_attribution():
    gmail = (
        '<div dir="ltr">Yes, 40.</div><br><div class="gmail_quote"><div class="gmail_attr">'
        "On Mon, Ann wrote:<br></div><blockquote class='gmail_quote'><div>How many?</div>"
        "<blockquote>First.</blockquote></blockquote></div>"
    )

    assert html_to_text(gmail) == (
        "Yes, 40.\n\nOn Mon, Ann wrote:\n\n> How many?\n>\n> > First."
    )  # fmt: skip


def test_an_indented_block_is_no_quote():
    indented = '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">mine</blockquote>'

    assert html_to_text(indented) == "mine"


def test_the_header_block_of_outlook_stands_under_a_rule():
    outlook = (
        '<p>Yes.</p><hr><div id="divRplyFwdMsg"><font><b>From:</b> Ann<br><b>Sent:</b> Monday<br>'
        "<b>To:</b> us</font></div><div>How many?</div>"
    )

    assert html_to_text(outlook) == (
        f"Yes.\n\n{'_' * 32}\nFrom: Ann\nSent: Monday\nTo: us\nHow many?"
    )


def test_deep_quotes_do_not_fill_the_text_with_marks():
    assert html_to_text("<blockquote>" * 500 + "x").removesuffix("x") == "> " * 10


def test_pictures_in_the_page_itself_do_not_use_up_the_limit():
    picture = '<img src="data:image/png;base64,' + "A" * 1_500_000 + '">'

    assert read_html(f"{picture}<p>{SAYS}").text == SAYS


def test_long_pages_are_cut():
    found = read_html("<p>word</p>" * 200_000)

    assert len(found.text) <= 1024 * 1024
    assert found.flags == {"truncated"}
