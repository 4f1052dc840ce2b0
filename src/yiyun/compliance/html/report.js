"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const AT_ONCE = 100; // how many lines of a long list are made before "more" is pressed
  const WORDS = {
    zh: {
      skip: "跳到条款", title: "等级保护三级核查报告", theme: "深色/浅色", print: "打印", language: "English",
      summary: "条款概况", risks: "2025 年重大风险隐患与高风险项（未符合或未核查）", attest: "仍需人工证明的事项",
      changes: "与上次核查相比", since: (where) => `上次核查：${where}`, new: "新出现", still_open: "仍未解决", not_judged: "上次未解决，本次未判定", fixed: "已解决", gone: "对象已不存在",
      clauses: "全部条款", others: "不对应条款的规则", notes: "说明",
      site: "站点", taken: "取证时间", objects: "核查对象", none: "无", noSite: "未指定站点",
      state: "条款结论", verdict: "规则结论", point: "控制点", host: "主机或对象", search: "文本检索", all: "全部", clear: "清除筛选",
      shown: (n, all) => `显示 ${n} 条，共 ${all} 条`, more: (n) => `再显示 ${n} 项`, of: (n) => `${n} 个对象`,
      hazard: "重大风险隐患", risk: "高风险", unit: "测评单元", requirement: "要求", reasons: "未能判为符合的原因",
      document: "证明材料", fields: "应载明", person: "人工确认", attested: (c) => `${c.who} 证明，有效期至 ${c.until}（${c.place}）`,
      remediation: "整改", references: "参考", rationale: "理由", evidence: "证据", noRule: "没有规则给出结论。",
      scope: { all: "", continuity: "（业务连续性要求高时适用）", key_industries: "（重点行业适用）" },
      does_not_conform: "不符合", partly_conforms: "部分符合", not_checked: "未核查", conforms: "符合", not_applicable: "不适用",
      pass: "通过", fail: "未通过", manual: "需人工确认", not_evaluated: "未能评估", waived: "已豁免（仍计不符合）",
      critical: "严重", high: "高", medium: "中", low: "低", mandatory: "强制", advisory: "建议",
    },
    en: {
      skip: "Skip to the clauses", title: "MLPS level 3 audit report", theme: "Dark/light", print: "Print", language: "中文",
      summary: "Clauses by state", risks: "2025 major hazards and high risks that do not conform or were not checked",
      attest: "What a person must still attest", changes: "Since the earlier audit", since: (where) => `Earlier audit: ${where}`,
      new: "new", still_open: "still open", not_judged: "open then, not judged now", fixed: "fixed", gone: "gone with its object",
      clauses: "All clauses", others: "Rules that belong to no clause", notes: "Notes",
      site: "Site", taken: "Evidence of", objects: "objects judged", none: "none", noSite: "no site given",
      state: "State of clause", verdict: "Verdict of rule", point: "Control point", host: "Host or object", search: "Text", all: "all", clear: "Clear filters",
      shown: (n, all) => `${n} of ${all} clauses shown`, more: (n) => `Show ${n} more`, of: (n) => (n === 1 ? "1 object" : `${n} objects`),
      hazard: "major hazard", risk: "high risk", unit: "Evaluation unit", requirement: "Requirement", reasons: "What keeps it from conforming",
      document: "Document", fields: "It must state", person: "A person's word", attested: (c) => `attested by ${c.who} until ${c.until} (${c.place})`,
      remediation: "Remedy", references: "See", rationale: "Why", evidence: "Evidence", noRule: "No rule has a verdict.",
      scope: { all: "", continuity: " (where continuity needs are high)", key_industries: " (key industries)" },
      does_not_conform: "does not conform", partly_conforms: "partly conforms", not_checked: "not checked", conforms: "conforms", not_applicable: "not applicable",
      pass: "pass", fail: "fail", manual: "a person must attest", not_evaluated: "not evaluated", waived: "waived (counts as not conforming)",
      critical: "critical", high: "high", medium: "medium", low: "low", mandatory: "mandatory", advisory: "advisory",
    },
  };
  const STATES = ["does_not_conform", "partly_conforms", "not_checked", "conforms", "not_applicable"];
  const VERDICTS = ["fail", "not_evaluated", "waived", "manual", "not_applicable", "pass"];
  const points = data.points;
  const clauses = new Map(points.flatMap((point) => point.clauses.map((clause) => [clause.id, clause])));
  const filter = { state: "", verdict: "", point: "", host: "", text: "" };
  const entries = new Map(); // clause -> its details element
  const heads = new Map(); // control point -> its heading
  let language = (navigator.language || "zh").toLowerCase().startsWith("en") ? "en" : "zh";
  let wanted = null; // resources that the host filter names, one byte each; null: all
  let haystacks = new Map();

  const $ = (id) => document.getElementById(id);
  const t = (key) => WORDS[language][key];

  // All text goes through here, and only ever as text.
  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }
  const fill = (place, ...children) => place.replaceChildren(...children.filter((child) => child !== null));
  const state = (name) => make("span", { class: `state ${name}` }, t(name));
  const both = (each) => `${each[language]} `;

  // A long list is made in parts, so that a thousand hosts cost nothing until they are asked for.
  function long(items, one, tag = "ul") {
    const list = make(tag, {});
    const button = make("button", { type: "button", class: "more" });
    let done = 0;
    function next() {
      const part = items.slice(done, done + AT_ONCE);
      const first = part.map(one);
      list.append(...first);
      const again = done > 0;
      done += part.length;
      if (done < items.length) button.textContent = t("more")(Math.min(AT_ONCE, items.length - done));
      else button.remove();
      if (again && first.length) { first[0].tabIndex = -1; first[0].focus(); }
    }
    button.addEventListener("click", next);
    next();
    return done < items.length ? make("div", {}, list, button) : list;
  }

  function lazy(attributes, head, body) {
    const inner = make("div", {});
    const element = make("details", attributes, make("summary", {}, ...head), inner);
    element.addEventListener("toggle", () => { if (element.open && !inner.hasChildNodes()) inner.append(...body()); });
    return element;
  }

  const concerned = (group) => (!filter.verdict || group.state === filter.verdict) && (!wanted || group.of.some((place) => wanted[place]));
  const chosen = (group) => (wanted ? group.of.filter((place) => wanted[place]) : group.of);

  function groupElement(group) {
    const of = chosen(group);
    const only = of.length === 1 ? data.resources[of[0]][0] : t("of")(of.length);
    return lazy({}, [state(group.state), ` ${only} `, make("span", { class: "message" }, group.message)], () => {
      const parts = [];
      if (group.evidence.length) parts.push(make("p", {}, `${t("evidence")}:`), long(group.evidence, (text) => make("li", { class: "evidence" }, text)));
      parts.push(long(of, (place) => {
        const [label, where] = data.resources[place];
        return make("li", {}, label, where ? make("span", { class: "quiet" }, ` ${where}`) : null);
      }));
      return parts;
    });
  }

  function ruleElement(id) {
    const rule = data.rules[id];
    const shown = rule.groups.filter(concerned);
    if (!shown.length) return null;
    return make("div", {},
      make("h4", {}, both(rule), make("code", {}, id)),
      make("p", { class: "quiet" }, make("span", { class: rule.severity }, t(rule.severity)), ` · ${t(rule.enforcement)} · ${rule.rationale}`),
      shown.some((group) => group.state === "fail" || group.state === "waived") ? make("p", {}, `${t("remediation")}: `, make("span", { class: "message" }, rule.remediation)) : null,
      rule.references.length ? make("p", { class: "quiet" }, `${t("references")}: ${rule.references.join("; ")}`) : null,
      long(shown, groupElement, "div"));
  }

  function documentName(name) {
    return name ? data.documents[name][language] : t("person");
  }

  function clauseBody(clause) {
    const rules = clause.rules.map(ruleElement).filter((each) => each !== null);
    return [
      make("p", {}, `${t("requirement")}: ${clause.requirement[language]}`),
      make("p", { class: "quiet" }, `${t("unit")} ${clause.unit}`),
      clause.document || clause.claim ? make("p", {}, `${t("document")}: ${documentName(clause.document)} `, clause.claim ? t("attested")(clause.claim) : "") : null,
      clause.reasons.length ? make("p", {}, `${t("reasons")}:`) : null,
      clause.reasons.length ? long(clause.reasons, (reason) => make("li", { class: "message" }, reason)) : null,
      ...(rules.length ? rules : [make("p", { class: "quiet" }, t("noRule"))]),
    ].filter((each) => each !== null);
  }

  function flags(clause) {
    const made = [];
    if (clause.hazard) made.push(make("span", { class: "flag" }, `${t("hazard")} ${clause.hazard}`), " ");
    if (clause.risk) made.push(make("span", { class: "flag" }, `${t("risk")} ${clause.risk}${t("scope")[clause.scope]}`), " ");
    return made;
  }

  const clauseHead = (clause) => [make("code", {}, clause.id), ` ${both(clause)}`, ...flags(clause), state(clause.state)];

  function jump(id) {
    const clause = entries.get(id);
    if (clause.hidden) clear();
    clause.open = true;
    clause.firstChild.focus();
    clause.scrollIntoView({ block: "start" });
  }

  const jumpLink = (clause) => make("a", { href: `#c-${clause.id}`, onclick: (event) => { event.preventDefault(); jump(clause.id); } }, `${clause.id} ${clause[language]}`);

  function riskLine(id) {
    const clause = clauses.get(id);
    const failing = clause.rules.filter((name) => data.rules[name].groups.some((group) => group.state === "fail" || group.state === "waived"));
    return make("li", {}, ...flags(clause), state(clause.state), " ", jumpLink(clause),
      failing.length ? make("span", { class: "quiet" }, ` ${failing.map((name) => data.rules[name][language]).join("；")}`) : null);
  }

  function attestLine(entry) {
    const about = entry.document && data.documents[entry.document];
    return make("li", {}, make("strong", {}, documentName(entry.document)),
      about ? make("span", { class: "quiet" }, ` ${t("fields")}: ${about.fields.join("、")}`) : null,
      make("ul", {}, ...entry.clauses.map((id) => make("li", {}, state(clauses.get(id).state), " ", jumpLink(clauses.get(id))))));
  }

  function changes() {
    $("changed").hidden = !data.changes;
    if (!data.changes) return;
    fill($("changes"), make("p", { class: "quiet" }, t("since")(data.changes.since)), ...data.changes.lists.map((list) =>
      lazy({}, [`${t(list.name)} `, make("span", { class: "state" }, String(list.changes.length))], () => [long(list.changes, ([rule, label, was, now]) =>
        make("li", {}, make("code", {}, rule), ` ${label} `, was ? state(was) : null, was || now ? " → " : null, now ? state(now) : null))])));
  }

  function haystack(clause) {
    let text = haystacks.get(clause.id);
    if (text === undefined) {
      const parts = [clause.id, clause.unit, clause.zh, clause.en, clause.requirement.zh, clause.requirement.en, ...clause.reasons];
      for (const name of clause.rules) {
        const rule = data.rules[name];
        parts.push(name, rule.zh, rule.en);
        for (const group of rule.groups) {
          parts.push(group.message, ...group.evidence);
          if (group.of.length < data.resources.length) for (const place of group.of) parts.push(data.resources[place][0]);
        }
      }
      text = parts.join("\n").toLowerCase();
      haystacks.set(clause.id, text);
    }
    return text;
  }

  function matches(clause, point) {
    if (filter.state && clause.state !== filter.state) return false;
    if (filter.point && point.id !== filter.point) return false;
    if ((filter.verdict || wanted) && !clause.rules.some((name) => data.rules[name].groups.some(concerned))) return false;
    return !filter.text || haystack(clause).includes(filter.text);
  }

  function apply() {
    const host = filter.host.toLowerCase();
    wanted = null;
    if (host) {
      const exact = data.resources.some(([label]) => label.toLowerCase() === host);
      wanted = Uint8Array.from(data.resources, ([label]) => Number(exact ? label.toLowerCase() === host : label.toLowerCase().includes(host)));
    }
    let shown = 0;
    for (const point of points) {
      let any = false;
      for (const clause of point.clauses) {
        const element = entries.get(clause.id);
        element.hidden = !matches(clause, point);
        any = any || !element.hidden;
        shown += Number(!element.hidden);
        const inner = element.lastChild;
        if (inner.hasChildNodes()) { inner.replaceChildren(); if (element.open) inner.append(...clauseBody(clause)); }
      }
      heads.get(point.id).hidden = !any;
    }
    others();
    $("count").textContent = t("shown")(shown, clauses.size);
    for (const button of $("summary").children) button.setAttribute("aria-pressed", String(button.value === filter.state));
  }

  function clear() {
    for (const name of Object.keys(filter)) filter[name] = "";
    for (const control of $("filters").querySelectorAll("select, input")) control.value = "";
    apply();
  }

  function select(name, options) {
    const control = make("select", { id: `f-${name}`, onchange: () => { filter[name] = control.value; apply(); } },
      make("option", { value: "" }, t("all")), ...options.map(([value, label]) => make("option", { value }, label)));
    control.value = filter[name];
    return make("label", {}, t(name), control);
  }

  function input(id, name, change, list) {
    let timer = 0;
    const control = make("input", { id, type: "search", list, autocomplete: "off", spellcheck: "false",
      oninput: () => { clearTimeout(timer); timer = setTimeout(() => { change(control.value.trim()); apply(); }, 150); } });
    return [make("label", {}, t(name), control), control];
  }

  function filters() {
    const [host, hostInput] = input("f-host", "host", (value) => { filter.host = value; }, "hosts");
    const [text, textInput] = input("f-text", "search", (value) => { filter.text = value.toLowerCase(); });
    hostInput.value = filter.host;
    textInput.value = filter.text;
    fill($("filters"),
      select("state", STATES.map((name) => [name, t(name)])),
      select("verdict", VERDICTS.map((name) => [name, t(name)])),
      select("point", points.map((point) => [point.id, `${point.id} ${point[language]}`])),
      host, text, make("button", { type: "button", onclick: clear }, t("clear")),
      make("datalist", { id: "hosts" }, ...[...new Set(data.resources.map(([label]) => label))].sort().map((label) => make("option", { value: label }))));
  }

  function summary() {
    const counts = Object.fromEntries(STATES.map((name) => [name, 0]));
    for (const clause of clauses.values()) counts[clause.state] += 1;
    fill($("summary"), ...STATES.map((name) => make("button", { type: "button", value: name, class: `state ${name}`, "aria-pressed": "false",
      onclick: () => { filter.state = filter.state === name ? "" : name; $("f-state").value = filter.state; apply(); } }, `${t(name)} ${counts[name]}`)));
  }

  function clauseList() {
    const open = new Set([...entries.values()].filter((element) => element.open).map((element) => element.id));
    const parts = [];
    for (const point of points) {
      const head = make("h3", {}, `${point.id} ${point.domain[language]} / ${point[language]} `, state(point.state));
      heads.set(point.id, head);
      parts.push(head);
      for (const clause of point.clauses) {
        const element = lazy({ id: `c-${clause.id}`, class: "clause" }, clauseHead(clause), () => clauseBody(clause));
        element.open = open.has(element.id);
        entries.set(clause.id, element);
        parts.push(element);
      }
    }
    fill($("list"), ...parts);
  }

  function others() {
    const names = Object.keys(data.rules).filter((name) => !data.rules[name].listed && data.rules[name].groups.some(concerned));
    fill($("others"), names.length ? long(names, (name) => lazy({}, [state(data.rules[name].groups[0].state), ` ${both(data.rules[name])}`, make("code", {}, name)],
      () => [make("p", { class: "quiet" }, data.rules[name].sources), ...[ruleElement(name)].filter((each) => each !== null)]), "div") : make("p", {}, t("none")));
  }

  const listed = (items, one) => (items.length ? long(items, one) : make("p", {}, t("none")));

  function render() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
    document.title = `${t("title")} ${data.site}`.trim();
    $("language").textContent = t("language");
    $("language").lang = language === "zh" ? "en" : "zh-CN";
    $("about").textContent = `${t("site")}: ${data.site || t("noSite")} · ${t("taken")}: ${data.taken || "?"} · ${t("objects")}: ${data.objects}`;
    summary();
    fill($("risks"), listed(data.risks, riskLine));
    fill($("attest"), listed(data.attest, attestLine));
    changes();
    filters();
    clauseList();
    fill($("notes"), listed(data.notes, (note) => make("li", { class: "message" }, note)));
    apply();
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = (isDark) => {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", String(isDark));
  };
  dark.addEventListener("change", () => theme(dark.matches));
  theme(dark.matches);
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
  $("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; haystacks = new Map(); render(); });
  $("print").addEventListener("click", () => print());
  render();
})();
