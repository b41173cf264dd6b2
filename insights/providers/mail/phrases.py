"""How mail systems introduce themselves, their reports and automatic answers: data.

Case-blind patterns in the languages met in the wild. What a phrase means is decided in `bounces`
and `answers`; none of them is enough alone.
"""

from __future__ import annotations

import re
from typing import Final


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


# Who writes reports: looked for in From, Sender and Return-Path.
DAEMONS: Final = _any(
    r"mailer[-_. ]?daemon|mdaemon|maildaemon",
    r"post[-_. ]?master",
    r"mail[-_. ]?(?:er[-_. ]?)?deliver",
    r"delivery[-_. ](?:sub)?system|mail[-_]?system|system administrator|mail administrator",
    r"\bmailer@",
    r"администратор почт|почтовая система|メール配信|メールシステム",
)
BOUNCE_SUBJECTS: Final = _any(
    r"undeliver(?:ed|able)|non[- ]?deliver(?:y|able|ed)|not (?:be )?delivered|not deliverable",
    r"failure notice|failure delivery|error delivering|unable to deliver",
    r"deliver[iy]? (?:status|fail|report|problem|error|notification|has failed|unsuccessful)",
    r"deliver (?:status|fail|error)|failed (?:mail|delivery|message)",
    r"mail (?:delivery|system) (?:fail|error|status|report|problem|warning)",
    r"(?:mail|message) (?:failure|failed|undeliver|not delivered|delivery)",
    r"rejected mail|returned (?:mail|message|to sender|e-?mail)",
    r"(?:mail|message) returned|bounced? mail",
    r"could(?:n't| not) be (?:delivered|sent)|could not send message|sending your mail",
    r"postmaster notify|warning: message|delay(?:ed)? mail|mail delayed|\(delay\)",
    r"user unknown|unknown (?:user|recipient)|mailbox (?:full|unavailable)|quota exceeded",
    r"unzustellbar|zustell(?:ung|bar)|nicht zugestellt|rückläufer",
    r"non (?:remis|distribu|délivr)|notification d'état de remise|courrier (?:retourné|refusé)",
    r"échec (?:de la|de) (?:remise|distribution|livraison)",
    r"no (?:se (?:ha )?(?:podido|pudo) entreg|entregad)|devuelto|notificación del estado",
    r"(?:error|fallo) de entrega",
    r"mancat[ao] (?:consegna|recapito)|impossibile (?:recapitare|consegnare)",
    r"falha (?:na|de) entrega|não (?:foi )?entregue|devolvid[ao]",
    r"niedostarcz|nie(?:udane|powodzenie) dostarcz|niet (?:bezorg|afgelever)|kunde inte leverer",
    r"не доставлен|недоставлен|возвращен|ошибка доставки",
    r"配信(?:不能|エラー|できません)|送信(?:エラー|できません)|エラーメール|不達",
    r"退信|投递失败|系统退信",
)
FAILURES: Final = _any(
    r"(?:could|can|was|were|has|have|did|is|are)(?:n't| not|not) (?:be |been )?(?:able to |reach)",
    r"(?:could|can|was|were|has|have|did|is|are)(?:n't| not|not) (?:yet )?(?:be |been )?deliver",
    r"(?:could|can|was|were|has|have)(?:n't| not|not) (?:be |been )?sent\b",
    r"unable to (?:deliver|send|relay|process)|failed to (?:deliver|send|reach)",
    r"trouble delivering|couldn't deliver|undeliver|non-?deliver|failed recipients?",
    r"failed permanently|permanently failed|(?:permanent|fatal|delivery) (?:error|failure|problem)",
    r"delivery (?:\w+ )?(?:to [^\n]{1,120} )?(?:has )?failed|delivery of [^\n]{1,120} failed",
    r"error (?:was )?(?:occurred )?(?:while|when|delivering|trying)|encountered an error",
    r"returned mail|returning (?:your |the )?(?:message|mail)|(?:has|have) been returned",
    r"automatically rejected|was rejected|rejected recipient",
    r"did not (?:reach|receive)|not reach(?:ed)? the following",
    r"following (?:recipient|address|user)|failure reasons?|reason for (?:failure|return)",
    r"transcript of session follows|error message|still (?:undelivered|being retried)",
    r"mail delivery (?:system|software|agent|subsystem)",
    r"user unknown|unknown user|no such user|mailbox (?:is )?full|over quota",
    r"invalid (?:user|recipient|address)|malformed (?:recipient )?address",
    r"nicht [^\n]{0,40}(?:zugestellt|übermittelt|ausgeliefert)",
    r"fehler bei der (?:nachrichten)?zustellung",
    r"n'a(?: pas)? (?:pu|été)[^\n]{0,30}(?:remis|délivr|distribu|livr)",
    r"impossible de (?:remettre|délivrer|distribuer|livrer)",
    r"no (?:se (?:ha )?(?:podido|pudo)|pudo ser|ha podido)[^\n]{0,30}(?:entreg|enviar)",
    r"impossibile (?:recapitare|consegnare)",
    r"non (?:è|e') stato possibile (?:recapitare|consegnare)",
    r"não (?:pôde|pode|foi)[^\n]{0,30}(?:entreg|enviad)",
    r"nie (?:może|mogła|został)[^\n]{0,30}dostarcz",
    r"не может быть (?:доставлен|отправлен)|не удалось доставить|не было доставлено",
    r"(?:配信|送信|配送)(?:できません|に失敗|不能|エラー)|届けることができません",
    r"退回|无法(?:投递|送达|发送)|未能送达|投递失败",
)
WARNINGS: Final = _any(
    r"this is a warning (?:message )?only|you do not need to resend|no action is required on your",
    r"will (?:be retried|keep trying|continue to try|retry)|message will be retried",
    r"still being retried|has been delayed|delivery status notification \(delay\)",
    r"delivery (?:attempts )?(?:will be|is being|will) (?:re)?(?:attempted|continue)",
    r"temporary (?:error|failure|problem)\b[^\n]{0,60}\b(?:retry|retried|again)",
)
FINAL: Final = _any(
    r"permanent (?:error|failure)|failed permanently|permanently failed|i've given up"
)
# In front of an address that is no recipient: whom to ask, or who sent it.
NOT_RECIPIENTS: Final = re.compile(
    r"(?:contact|assistance|ask|e-?mail (?:us|me)?(?: at| to)?|mail to|write to|questions?|support"
    r"|help|inquir\w{0,4}|sent by|sender(?: is|:)?|(?<!generated )(?<!expanded )\bfrom:?"
    r"|mail from:?|envelope-from|return-path:?|reply to|administrator(?: at)?|copy to"
    r"|forwarded (?:to|by)|on behalf of|generated by|report (?:this )?to|kontaktieren|an:)"
    r"[\s:<\"'(\[]{0,8}$",
    re.IGNORECASE,
)
# A subject that begins with one of these was written by a machine.
AUTO_REPLY_LABELS: Final = _any(
    r"^\s*(?:auto(?:mati[ck])?[- ]?(?:reply|response|answer|respond(?:er)?)|auto|autoreply"
    r"|out of (?:the )?office(?: auto ?reply| reply)?|automatische (?:antwort|rückmeldung"
    r"|abwesenheitsnotiz)|abwesenheits(?:notiz|nachricht|benachrichtigung)|réponse automatique"
    r"|respuesta automática|risposta automatica|resposta automática|automatisch antwoord|autosvar"
    r"|automaattinen vastaus|automatyczna odpowiedź|automatická odpověď|автоответ"
    r"|автоматический ответ|自動返信|自動応答|自动回复|自动答复|自動回覆|자동 ?(?:회신|응답))"
    r"\s*[:\uff1a\]]",
)
AUTO_REPLY_SUBJECTS: Final = _any(
    r"\bauto(?:mati[ck])?[- ]?(?:reply|response|answer|responder)\b",
    r"out[- ]of[- ](?:the[- ])?office|on (?:vacation|holiday|leave|annual leave)",
    r"vacation (?:reply|response|message|notice)|away from (?:the |my )?(?:office|mail|desk)",
    r"i am (?:away|out)",
    r"automatische (?:antwort|rückmeldung)|abwesen(?:heit|d)|außer haus|im urlaub",
    r"réponse automatique|absen(?:t|ce) du bureau|message d'absence|en congé",
    r"respuesta automática|fuera de (?:la )?oficina|ausente|de vacaciones",
    r"risposta automatica|fuori (?:sede|ufficio)|assenza|in ferie",
    r"resposta automática|fora do escritório|ausência|de férias",
    r"automatisch antwoord|afwezig|autosvar|frånvaro|fraværende|automaattinen vastaus",
    r"automatyczna odpowiedź|nieobecność|poza biurem|automatická odpověď|nepřítomnost",
    r"автоответ|автоматический ответ|отсутствую|в отпуске",
    r"自動(?:返信|応答)|不在|自动(?:回复|答复)|自動回覆|不在办公室|부재중|자동 ?(?:회신|응답)",
)
AUTO_REPLY_WORDS: Final = _any(
    r"(?:i am|i'm|i will be|we are) (?:currently )?(?:out of (?:the )?office|away)",
    r"(?:i am|i'm|i will be|we are) (?:currently )?on (?:vacation|leave|holiday|maternity)",
    r"out of (?:the )?office (?:until|from|and)|limited access to (?:my )?e-?mail",
    r"this is an automat(?:ic|ed) (?:reply|response)",
    r"no longer (?:with|work(?:s|ing)? (?:at|for))",
    r"thank you for (?:contacting|your (?:e-?mail|message|inquiry))",
    r"ich bin [^\n]{0,40}(?:nicht im (?:büro|haus)|abwesend|im urlaub)",
    r"je suis (?:actuellement )?(?:absent|en congé)|estoy (?:fuera|de vacaciones|ausente)",
    r"sono (?:assente|in ferie|fuori)|estou (?:ausente|de férias|fora)",
    r"ik ben (?:afwezig|met vakantie)|jestem (?:nieobecn|na urlopie)|я (?:в отпуске|отсутствую)",
)
