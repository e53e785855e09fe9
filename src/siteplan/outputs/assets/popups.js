"use strict";
// What a click on the map tells. All text is set as text: names from the data are never read as markup.
(function () {
  const { data, state, own, text, number, make, rows } = siteplan;

  const typeName = (type) => data.types[type][state.language];
  // An unmet rule names one type or several; a type that has no facility and no building is named by its key.
  const typeNames = (types) => types.map((type) => (typeof type === "number" ? typeName(type) : type)).join(text("list_comma"));
  const communities = rows(data.communities.rows);
  const communityOf = new Map(communities.map((community) => [community.id, community]));
  const communityName = (id) => (communityOf.has(id) ? communityOf.get(id).name || id : id);

  function money(yuan) {
    if (yuan === null || yuan === undefined) return text("unknown");
    return text("money", { n: number(yuan) });
  }

  const unit = (name) => siteplan.word("unit", name);

  function describe(pairs) {
    const list = make("dl");
    for (const [key, value] of pairs) {
      if (value === null || value === undefined || value === "") continue;
      list.append(make("dt", text(key)), make("dd", value));
    }
    return list;
  }

  // One rule: its id, what it asks, and the words of the clause it comes from.
  function rule(id) {
    const known = own(data.rules, id);
    if (!known) return make("li", id);
    const asked = known.figure === null || known.unit === "-" ? "" : number(known.figure, 2) + " " + unit(known.unit);
    const strength = make("span", text("strength." + known.strength), { class: "strength-" + known.strength });
    const parts = [make("b", id), " ", strength, asked ? " · " + asked : "", make("br"), [known.document || known.source, known.clause].filter(Boolean).join(" ")];
    if (known.key_phrase) parts.push(" ", make("q", "“" + known.key_phrase + "”"));
    return make("li", parts);
  }

  function ruleList(ids) {
    return ids.length ? [make("h4", text("rules")), make("ul", ids.map(rule))] : [];
  }

  function facility(found) {
    const area = found.area_m2 === null ? null : number(found.area_m2, 1) + " m²";
    const parts = text("area_parts", { existing: number(found.existing_m2, 1), added: number(found.area_m2 - found.existing_m2, 1) });
    const host = siteplan.facilities.find((other) => other.id === found.inside);
    return [
      make("h3", typeName(found.type)),
      make("div", found.site_name || found.site_id),
      describe([
        ["state", text("status." + found.status)],
        ["community", communityName(found.community_id)],
        ["area", area === null || data.types[found.type].space === "none" ? null : area + " " + parts],
        ["households_served", number(found.households_served, 1)],
        ["cost", money(found.cost_yuan)],
        ["inside", host ? typeName(host.type) : found.inside],
        ["phase", found.phase === null ? "" : found.phase],
      ]),
      ...ruleList(found.rules.split(";").filter(Boolean)),
    ];
  }

  function unmetOf(unitId) {
    const missing = siteplan.unmet.filter((row) => row.unit_id === unitId);
    const line = (row) =>
      make("li", [make("b", row.rule_id), " ", row.type.length ? typeNames(row.type) + " · " : "", text("short_by", { n: number(row.shortfall, 1), unit: unit(row.unit) })]);
    const list = missing.length ? make("ul", missing.map(line)) : make("div", text("none_unmet"));
    return [make("h4", text("unmet_here")), list];
  }

  function community(found) {
    return [
      make("h3", found.name || found.id),
      describe([
        ["households", number(found.households, 1)],
        ["people", number(found.people, 1)],
        ["members", found.members],
        ["decided_by", [siteplan.word("decided_by", found.decided_by), (own(data.rules, found.decided_by) || { key_phrase: "" }).key_phrase].join(" ")],
      ]),
      ...unmetOf(found.id),
    ];
  }

  function service(building) {
    return data.service.types.map((type, t) => {
      const code = data.service.status[t].charAt(building);
      if (code === "3") return null;
      const nearest = data.service.facility[t][building];
      const metres = data.service.metres[t][building];
      const at = nearest < 0 ? "" : siteplan.facilities[nearest].site_name || siteplan.facilities[nearest].site_id;
      const away = metres < 0 ? "" : " · " + number(metres) + " m";
      const square = make("i", null, { class: "sp-swatch", style: "width:10px;height:10px;margin-right:5px;background:" + data.style.service[code] });
      return make("li", [square, typeName(type) + ": " + text("service." + code) + away + (at ? " · " + at : "")], { style: "list-style:none;margin-left:-14px" });
    });
  }

  function building(k) {
    const table = data.buildings;
    return [
      make("h3", text("building", { id: table.id[k] })),
      describe([
        ["households", number(table.households[k], 2)],
        ["community", table.community[k] < 0 ? "" : communityName(communities[table.community[k]].id)],
      ]),
      make("h4", text("service")),
      make("ul", service(k)),
    ];
  }

  function site(k) {
    const row = rows(data.sites.rows)[k];
    return [make("h3", row.name || row.id), describe([["kind", text("site")], ["households", number(row.households, 1)]])];
  }

  function candidate(k) {
    const row = rows(data.candidates.rows)[k];
    const capacity = number(row.floor_capacity_m2, 1) + " m²";
    return [make("h3", row.name || row.id), describe([["kind", text("candidate." + row.kind)], ["capacity", capacity], ["basis", row.basis]])];
  }

  function content(found) {
    const parts = {
      facility: () => facility(found.facility),
      communities: () => community(communities[found.row]),
      buildings: () => building(found.row),
      sites: () => site(found.row),
      candidates: () => candidate(found.row),
    }[found.kind]();
    return make("div", parts, { class: "sp-popup" });
  }

  function open(found, latlng) {
    const popup = L.popup({ maxWidth: 340, minWidth: 220 });
    popup.setLatLng(latlng).setContent(content(found)).openOn(state.map);
  }

  function listen(map) {
    map.on("click", (event) => {
      const found = siteplan.hit(event.latlng);
      if (found) open(found, event.latlng);
    });
    let waiting = false;
    map.on("mousemove", (event) => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        map.getContainer().style.cursor = siteplan.hit(event.latlng) ? "pointer" : "";
      });
    });
  }

  Object.assign(siteplan, { listen, open, typeName, typeNames, money, unit, communities, communityName });
})();
