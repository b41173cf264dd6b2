"""User agents, as mail providers, scanners and people send them."""

import pytest

from insights.actors import agent_family
from insights.actors.agents import SCANNER_TOKENS, AgentKind, agent_named, agent_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML)"


class TestAgentOf:
    @pytest.mark.parametrize(
        ("user_agent", "kind", "name"),
        [
            ("Mozilla/5.0", AgentKind.PREFETCH, "apple-privacy"),
            (
                f"{WINDOWS} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
                AgentKind.PREFETCH,
                "gmail-prefetch",
            ),
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 "
                "(via ggpht.com GoogleImageProxy)",
                AgentKind.IMAGE_PROXY,
                "google-proxy",
            ),
            (
                "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
                AgentKind.IMAGE_PROXY,
                "yahoo-proxy",
            ),
            (
                "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
                AgentKind.MAIL_CLIENT,
                "outlook-desktop",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
                AgentKind.MAIL_CLIENT,
                "thunderbird",
            ),
            (f"{PHONE} Mobile/15E148", AgentKind.MAIL_CLIENT, "apple-mail"),
            (f"{PHONE} Version/18.1 Mobile/15E148 Safari/604.1", AgentKind.BROWSER, "safari"),
            (f"{WINDOWS} Chrome/131.0.0.0 Safari/537.36", AgentKind.BROWSER, "chrome"),
            (f"{WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0", AgentKind.BROWSER, "edge"),
            ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/130.0", AgentKind.BROWSER, "chrome"),
            ("", AgentKind.NONE, "none"),
            ("  ", AgentKind.NONE, "none"),
            ("Barracuda Sentinel (EE)", AgentKind.SCANNER, "scanner:barracuda"),
            ("python-requests/2.32.3", AgentKind.SCANNER, "scanner:python-requests"),
            (f"{WINDOWS} HeadlessChrome/131.0", AgentKind.SCANNER, "scanner:headlesschrome"),
            ("SomethingBot/2.1", AgentKind.SCANNER, "scanner:bot"),
            ("Lotus Notes", AgentKind.OTHER, "other"),
        ],
    )
    def test_knows_what_it_is(self, user_agent, kind, name):
        agent = agent_of(user_agent)

        assert (agent.kind, agent.name) == (kind, name)
        assert agent_named(name) == agent, "what is kept is enough to know it again"

    @pytest.mark.parametrize("token", SCANNER_TOKENS)
    def test_knows_every_scanner_in_any_case(self, token):
        for user_agent in (token, f"{WINDOWS} Chrome/131.0 {token.upper()}1.0 Safari/537.36"):
            assert agent_of(user_agent).kind == AgentKind.SCANNER


class TestAgentNamed:
    def test_is_nothing_where_nothing_is_known(self):
        assert agent_named("") is None

    def test_bears_a_name_that_is_no_longer_given(self):
        assert agent_named("netscape").kind == AgentKind.OTHER


class TestAgentFamily:
    def test_is_empty_where_nothing_is_known(self):
        assert agent_family(None) == ""

    @pytest.mark.parametrize("token", SCANNER_TOKENS)
    def test_is_short(self, token):
        assert len(agent_family(token)) <= 40
