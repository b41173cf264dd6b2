// The rules of a segment as lines to choose from. They are kept as JSON in the text field, which
// stays the truth: rules within rules, which no line can show, are edited there.
(function () {
  "use strict";

  const TEXT_OPERATORS = [
    ["is", "is"],
    ["is_not", "is not"],
    ["contains", "contains"],
    ["not_contains", "does not contain"],
    ["starts_with", "begins with"],
    ["ends_with", "ends with"],
    ["exists:true", "is known"],
    ["exists:false", "is not known"],
  ];
  const NUMBER_OPERATORS = [
    ["greater", "is more than"],
    ["at_least", "is at least"],
    ["less", "is less than"],
    ["at_most", "is at most"],
  ];
  const DATE_OPERATORS = [
    ["within_days", "in the last … days"],
    ["at_least", "on or after"],
    ["less", "before"],
  ];
  const PAST_OPERATORS = [
    ["within", "in the last … days"],
    ["not_within", "not in the last … days"],
    ["ever:true", "ever"],
    ["ever:false", "never"],
  ];
  const LIST_OPERATORS = [
    ["is:subscribed", "subscribed to"],
    ["is_not:subscribed", "not subscribed to"],
    ["is:unsubscribed", "unsubscribed from"],
    ["is:pending", "not yet confirmed for"],
  ];
  const CAMPAIGN_OPERATORS = [
    ["is:sent", "was sent"],
    ["is_not:sent", "was not sent"],
    ["is:opened", "opened"],
    ["is_not:opened", "did not open"],
    ["is:clicked", "clicked in"],
    ["is_not:clicked", "did not click in"],
  ];
  const SUBJECTS = [
    ["email", "E-mail address", TEXT_OPERATORS],
    ["domain", "Domain of the address", TEXT_OPERATORS],
    ["provider", "Mailbox provider", TEXT_OPERATORS],
    ["gateway", "Security gateway", TEXT_OPERATORS],
    ["first_name", "First name", TEXT_OPERATORS],
    ["last_name", "Last name", TEXT_OPERATORS],
    ["language", "Language", TEXT_OPERATORS],
    ["timezone", "Time zone", TEXT_OPERATORS],
    ["attribute", "Attribute", TEXT_OPERATORS.concat(NUMBER_OPERATORS)],
    ["created_at", "Was added", DATE_OPERATORS],
    ["list", "List", LIST_OPERATORS],
    ["campaign", "Campaign", CAMPAIGN_OPERATORS],
    ["engaged", "Opened or clicked", PAST_OPERATORS],
    ["mailed", "Was mailed", PAST_OPERATORS],
  ];
  const OPERATORS = Object.fromEntries(SUBJECTS.map(([name, , operators]) => [name, operators]));
  const NUMERIC = new Set(NUMBER_OPERATORS.map(([name]) => name));
  const FIRST_LINE = { subject: "engaged", key: "", operator: "within", value: "90" };

  function knows(line) {
    return (OPERATORS[line.subject] || []).some(([name]) => name === line.operator);
  }

  // From one rule to a line, or null when a line cannot show it.
  function lineOf(rule) {
    const line = readLine(rule || {});
    return line && knows(line) ? line : null;
  }

  function readLine(rule) {
    if ("not" in rule) return negated(rule.not);
    for (const past of ["engaged", "mailed"]) {
      if (past in rule) return pastLine(past, rule[past]);
    }
    for (const noun of ["list", "campaign"]) {
      if (noun in rule) {
        const word = "is" in rule ? "is" : "is_not";
        return { subject: noun, key: "", operator: `${word}:${rule[word]}`, value: String(rule[noun]) };
      }
    }
    return "field" in rule ? fieldLine(rule) : null;
  }

  function negated(rule) {
    const line = readLine(rule || {});
    return line && line.operator === "within" ? { ...line, operator: "not_within" } : null;
  }

  function pastLine(subject, span) {
    if ("within_days" in span) {
      return { subject, key: "", operator: "within", value: String(span.within_days) };
    }
    return { subject, key: "", operator: `ever:${span.ever}`, value: "" };
  }

  function fieldLine(rule) {
    const own = rule.field.startsWith("attributes.");
    const [operator] = Object.keys(rule).filter((key) => key !== "field");
    const value = rule[operator];
    if (value === null || typeof value === "object") return null;
    return {
      subject: own ? "attribute" : rule.field,
      key: own ? rule.field.slice("attributes.".length) : "",
      operator: operator === "exists" ? `exists:${value}` : operator,
      value: operator === "exists" ? "" : String(value),
    };
  }

  // From a line back to its rule.
  function ruleOf(line) {
    const [word, fixed] = line.operator.split(":");
    if (line.subject === "list" || line.subject === "campaign") {
      return { [line.subject]: Number(line.value), [word]: fixed };
    }
    if (line.subject === "engaged" || line.subject === "mailed") {
      if (word === "ever") return { [line.subject]: { ever: fixed === "true" } };
      const rule = { [line.subject]: { within_days: Number(line.value) } };
      return word === "not_within" ? { not: rule } : rule;
    }
    const field = line.subject === "attribute" ? `attributes.${line.key}` : line.subject;
    if (word === "exists") return { field, exists: fixed === "true" };
    const dated = /^\d{4}-\d\d-\d\d$/.test(line.value);
    const numeric = word === "within_days" || (NUMERIC.has(word) && !dated && line.value !== "");
    return { field, [word]: numeric ? Number(line.value) : line.value };
  }

  // The whole: one of all, any, none around rules that lines can show; else null.
  function readAll(text) {
    let rules;
    try {
      rules = JSON.parse(text);
    } catch {
      return null;
    }
    const [group] = Object.keys(rules || {});
    if (!["all", "any", "none"].includes(group) || !Array.isArray(rules[group])) return null;
    const lines = rules[group].map(lineOf);
    return lines.includes(null) ? null : { group, lines };
  }

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  }

  function select(label, options, chosen, onChange) {
    const made = element("select", { class: "mw-input", "aria-label": label });
    options.forEach(([value, words]) => made.append(new Option(words, value, false, value === chosen)));
    made.addEventListener("change", () => onChange(made.value));
    return made;
  }

  function input(label, type, value, onInput) {
    const made = element("input", { class: "mw-input", type, "aria-label": label, placeholder: label });
    if (type === "number") made.min = "1";
    made.value = value;
    made.addEventListener("input", () => onInput(made.value));
    return made;
  }

  function editor(field, choices) {
    const box = element("div", { class: "mw-rules" });
    const asText = element("button", { type: "button", class: "mw-button mw-button-small" }, "Edit as text");
    let state = readAll(field.value);

    function keep() {
      field.value = JSON.stringify({ [state.group]: state.lines.map(ruleOf) }, null, 2);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function change(line, values, redraw) {
      Object.assign(line, values);
      keep();
      if (redraw) draw();
    }

    function valueField(line) {
      const [word, fixed] = line.operator.split(":");
      if (line.subject === "list" || line.subject === "campaign") {
        const options = choices[`${line.subject}s`].map(({ id, name }) => [String(id), name]);
        if (!options.some(([id]) => id === line.value)) options.unshift([line.value, `Number ${line.value}`]);
        return select("Which one", options, line.value, (value) => change(line, { value }));
      }
      if (fixed) return element("span", {});
      const days = ["within", "not_within", "within_days"].includes(word);
      const date = line.subject === "created_at" && !days;
      const type = days ? "number" : date ? "date" : "text";
      return input(days ? "Days" : "Value", type, line.value, (value) => change(line, { value }));
    }

    function firstValue(subject, operator) {
      if (subject === "list" || subject === "campaign") {
        return String((choices[`${subject}s`][0] || { id: 0 }).id);
      }
      return operator.includes("within") ? "90" : "";
    }

    function withSubject(line, subject) {
      const [[operator]] = OPERATORS[subject];
      change(line, { subject, operator, key: "", value: firstValue(subject, operator) }, true);
    }

    function row(line) {
      const subject = select("What", SUBJECTS, line.subject, (value) => withSubject(line, value));
      const operators = OPERATORS[line.subject];
      const operator = select("How", operators, line.operator, (value) => change(line, { operator: value }, true));
      const what = element("div", { class: "mw-stack", style: "gap:6px" }, subject);
      if (line.subject === "attribute") {
        what.append(input("Name of the attribute", "text", line.key, (key) => change(line, { key })));
      }
      const remove = element("button", { type: "button", "aria-label": "Remove this rule" });
      remove.append(element("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, "delete"));
      remove.addEventListener("click", () => {
        state.lines.splice(state.lines.indexOf(line), 1);
        keep();
        draw();
      });
      return element("div", { class: "mw-rule" }, what, operator, valueField(line), remove);
    }

    function draw() {
      box.replaceChildren();
      const shown = state !== null;
      field.hidden = shown;
      if (!shown) return;
      const groups = [["all", "All of these"], ["any", "Any of these"], ["none", "None of these"]];
      const group = select("How many have to hold", groups, state.group, (value) => {
        state.group = value;
        keep();
      });
      const add = element("button", { type: "button", class: "mw-button mw-button-small" }, "Add a rule");
      add.addEventListener("click", () => {
        state.lines.push({ ...FIRST_LINE });
        keep();
        draw();
      });
      box.append(group, ...state.lines.map(row), element("div", { class: "mw-row" }, add, asText));
    }

    asText.addEventListener("click", () => {
      state = null;
      draw();
      field.focus();
    });
    field.before(box);
    draw();
  }

  window.addEventListener("DOMContentLoaded", () => {
    const field = document.getElementById("id_rules");
    const choices = document.getElementById("rule-choices");
    if (field && choices) editor(field, JSON.parse(choices.textContent));
  });
})();
