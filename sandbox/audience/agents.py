"""What programs that load pictures and follow links say of themselves.

Source: docs/machine-opens.md, "User agents".
"""

from __future__ import annotations

from typing import Final

# Load pictures in advance, read or not.
APPLE_PRIVACY: Final = "Mozilla/5.0"
GMAIL_PREFETCH: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
# Load pictures when somebody reads.
GMAIL_PROXY: Final = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
)
YAHOO_PROXY: Final = (
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-for-desktop-SLN28749.html"
)
OUTLOOK_DESKTOP: Final = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; ms-office; "
    "MSOffice 16)"
)
APPLE_MAIL: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
)
THUNDERBIRD: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3.0"
# Browsers of people; scanners borrow the first.
CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
CHROME_PHONE: Final = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
SAFARI_PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)
FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE: Final = f"{CHROME} Edg/142.0.0.0"
# Scanners that say so, and those that say nothing.
PROOFPOINT: Final = "Mozilla/5.0 (compatible; Proofpoint URL Defense)"
BARRACUDA: Final = "Barracuda Sentinel (EE)"
SILENT: Final = ""
MAIL_PROGRAM: Final = "Mail/16.0"  # that posts a one-click unsubscribing
