"""How mail systems introduce themselves, their reports and automatic answers: data.

Case-blind patterns in the languages met in the wild. What a phrase means is decided in `bounces`
and `answers`; none of them is enough alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final


def _any(phrases: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


# Who writes reports: looked for in From, Sender and Return-Path.
DAEMONS: Final = _any(
    (
        r"mailer[-_. ]?daemon",
        r"post[-_. ]?master",
        r"mail[-_. ]?(?:er[-_. ]?)?(?:delivery|deliver)",
        r"delivery[-_. ](?:sub)?system",
        r"mdaemon|maildaemon|mail[-_]?system|system administrator|mail administrator",
        r"\bmailer@|\bbounces?\b.{0,20}@|administrador|systemadministrator",
        r"почтовая система|メール配信|メールシステム",
    )
)
BOUNCE_SUBJECTS: Final = _any(
    (
        r"undeliver(?:ed|able)|non[- ]?deliver(?:y|able|ed)|not (?:be )?delivered|unzustellbar",
        r"failure notice|failure delivery|delivery (?:status|fail|report|problem|error|notification"
        r"|has failed|unsuccessful)|deliver (?:status|fail|error)|mail (?:delivery|system) (?:fail"
        r"|error|status|report|problem|warning)|failed (?:mail|delivery|message)|(?:mail|message)"
        r" (?:failure|failed|undeliver|not delivered|delivery)|error delivering|unable to deliver",
        r"rejected mail|returned (?:mail|message|to sender|e-?mail)|mail returned|message returned|bounced? mail"
        r"|could ?n[o']t be delivered|could not be (?:delivered|sent)|not deliverable",
        r"postmaster notify|could not send message|warning: message|delay(?:ed)? mail|mail delayed|\(delay\)",
        r"user unknown|unknown (?:user|recipient)|mailbox (?:full|unavailable)|quota exceeded",
        r"zustell(?:ung|bar)|nicht zugestellt|fehlgeschlagen|rückläufer",
        r"non (?:remis|distribu|délivr)|échec (?:de la|de) (?:remise|distribution|livraison)"
        r"|notification d'état de remise|courrier (?:retourné|refusé)",
        r"no (?:se (?:ha )?(?:podido|pudo) entreg|entregad)|devuelto|error de entrega|fallo de entrega"
        r"|notificación del estado",
        r"mancat(?:a|o) (?:consegna|recapito)|impossibile (?:recapitare|consegnare)",
        r"falha (?:na|de) entrega|não (?:foi )?entregue|devolvid[ao]",
        r"niedostarcz|nie(?:udane|powodzenie) dostarcz|niet (?:bezorg|afgelever)|kunde inte leverer",
        r"не доставлен|недоставлен|возвращен|ошибка доставки|mail failure",
        r"配信(?:不能|エラー|できません)|送信(?:エラー|できません)|エラーメール|不達|退信|投递失败|系统退信",
    )
)
FAILURES: Final = _any(
    (
        r"(?:could|can|was|were|has|have|did|is|are)(?: ?n[o']t| not|not) (?:be |been )?(?:able to |reach"
        r"|delivered|deliverable|deliver\b|sent\b)",
        r"could ?n[o']t deliver|unable to (?:deliver|send|relay|process)|undeliver|non-?deliver",
        r"wasn't able to deliver|failed to (?:deliver|send|reach)|failed permanently|permanently failed"
        r"|(?:permanent|fatal|delivery) (?:error|failure|problem)s?|delivery (?:\w+ )?(?:to [^\n]{1,120}"
        r" )?(?:has )?failed|delivery of [^\n]{1,120} failed|error (?:was )?(?:occurred )?(?:while|when"
        r"|delivering|trying)|returned mail|returning (?:your |the )?(?:message|mail)",
        r"failed recipients?|(?:has|have) been returned|encountered an error|automatically rejected"
        r"|was rejected|did not (?:reach|receive)|not reach(?:ed)? the following|following (?:recipient|address|user)",
        r"transcript of session follows|failure reasons?|reason for (?:failure|return)|error message"
        r"|undelivered|delayed|still (?:undelivered|being retried)|mail delivery (?:system|software"
        r"|agent|subsystem)",
        r"user unknown|unknown user|no such user|mailbox (?:is )?full|over quota|invalid (?:user"
        r"|recipient|address)",
        r"(?:konnte|konnten|wurde) [^\n]{0,80}nicht [^\n]{0,40}(?:zugestellt|übermittelt|ausgeliefert)",
        r"n'a(?: pas)? (?:pu|été)[^\n]{0,30}(?:remis|délivr|distribu|livr)|impossible de (?:remettre"
        r"|délivrer|distribuer|livrer)",
        r"no (?:se (?:ha )?(?:podido|pudo)|pudo ser|ha podido)[^\n]{0,30}(?:entreg|enviar)",
        r"impossibile (?:recapitare|consegnare)|non (?:è|e') stato possibile (?:recapitare|consegnare)",
        r"não (?:pôde|pode|foi)[^\n]{0,30}(?:entreg|enviad)|nie (?:może|mogła|został)[^\n]{0,30}dostarcz",
        r"не может быть (?:доставлен|отправлен)|не удалось доставить|не было доставлено",
        r"配信できません|送信できません|送信に失敗|届けることができません|配信(?:不能|エラー)|配送できません"
        r"|退回|无法(?:投递|送达|发送)|未能送达|投递失败",
    )
)
WARNINGS: Final = _any(
    (
        r"this is a warning (?:message )?only|you do not need to resend|will (?:be retried|keep trying"
        r"|continue to try|retry)|message will be retried|still being retried|has been delayed"
        r"|delivery status notification \(delay\)|no action is required on your part"
        r"|delivery (?:will be|is being) (?:re)?attempted|temporary (?:error|failure|problem)\b[^\n]{0,60}"
        r"\b(?:retry|retried|again)|will be (?:retried|attempted) for",
    )
)
# In front of an address that is no recipient: whom to ask, or who sent it.
NOT_RECIPIENTS: Final = re.compile(
    r"(?:contact|assistance|ask|e-?mail (?:us|me)?(?: at| to)?|mail to|write to|questions?|support"
    r"|help|inquir\w*|sent by|sender(?: is|:)?|(?<!generated )(?<!expanded )\bfrom:?|mail from:?|envelope-from|return-path:?"
    r"|reply to|administrator(?: at)?|copy to|forwarded (?:to|by)|on behalf of|generated by|report"
    r" (?:this )?to|kontaktieren|an:)[\s:<\"'(\[]{0,8}$",
    re.IGNORECASE,
)
# A subject that begins with one of these was written by a machine.
AUTO_REPLY_LABELS: Final = _any(
    (
        r"^\s*(?:auto(?:mati[ck])?[- ]?(?:reply|response|answer|respond(?:er)?)|auto|autoreply|out of"
        r" (?:the )?office(?: auto ?reply| reply)?|automatische (?:antwort|rückmeldung"
        r"|abwesenheitsnotiz)|abwesenheits(?:notiz|nachricht|benachrichtigung)|réponse automatique"
        r"|respuesta automática|risposta automatica|resposta automática|automatisch antwoord|autosvar"
        r"|automaattinen vastaus|automatyczna odpowiedź|automatická odpověď|автоответ"
        r"|автоматический ответ|自動返信|自動応答|自动回复|自动答复|自動回覆|자동 ?(?:회신|응답))"
        r"\s*[:：\]]",
    )
)
AUTO_REPLY_SUBJECTS: Final = _any(
    (
        r"\bauto(?:mati[ck])?[- ]?(?:reply|response|answer|responder)\b",
        r"out[- ]of[- ](?:the[- ])?office|on (?:vacation|holiday|leave|annual leave)|vacation (?:reply"
        r"|response|message|notice)|away from (?:the |my )?(?:office|mail|desk)|i am (?:away|out)",
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
)
AUTO_REPLY_WORDS: Final = _any(
    (
        r"(?:i am|i'm|i will be|we are) (?:currently )?(?:out of (?:the )?office|away|on (?:vacation"
        r"|leave|holiday|maternity))|out of (?:the )?office (?:until|from|and)|this is an automat(?:ic|ed)"
        r" (?:reply|response)|limited access to (?:my )?e-?mail|no longer (?:with|work(?:s|ing)? (?:at"
        r"|for))|thank you for (?:contacting|your (?:e-?mail|message|inquiry))",
        r"ich bin (?:derzeit |zur ?zeit |bis )?[^\n]{0,40}(?:nicht im (?:büro|haus)|abwesend|im urlaub)",
        r"je suis (?:actuellement )?(?:absent|en congé)|estoy (?:fuera|de vacaciones|ausente)",
        r"sono (?:assente|in ferie|fuori)|estou (?:ausente|de férias|fora)|ik ben (?:afwezig|met"
        r" vakantie)|jestem (?:nieobecn|na urlopie)|я (?:в отпуске|отсутствую)",
    )
)
