from common.providers import GATEWAY_NAMES, PROVIDER_NAMES, gateway_name, provider_name
from tests.insights.test_mailboxes import SEEDED


class TestProviderName:
    def test_returns_what_people_say(self):
        assert provider_name("google_workspace") == "Google Workspace"
        assert provider_name("none") == "Takes no mail"

    def test_reads_a_key_of_somebody_s_own_as_words(self):
        assert provider_name("city_hospital") == "City hospital"

    def test_is_known_for_every_provider_of_the_table(self):
        said = {rule.get("provider") for _, _, rule in SEEDED._rules()} - {None}

        assert said <= set(PROVIDER_NAMES)


class TestGatewayName:
    def test_returns_what_people_say(self):
        assert gateway_name("cisco") == "Cisco Secure Email"
        assert gateway_name("") == ""

    def test_is_known_for_every_gateway_of_the_table(self):
        said = {rule.get("gateway") for _, _, rule in SEEDED._rules()} - {None}

        assert said == set(GATEWAY_NAMES)
