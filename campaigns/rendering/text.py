def from_html(html: str) -> str:
    return "text\n"
