"use strict";
// What each layer paints, and which thing lies under the pointer.
(function () {
  const { data, state, decode, trace, visible, contains, world, Sheet } = siteplan;
  const style = data.style;
  const shapes = {};
  for (const role of ["boundary", "communities", "sites", "streets", "buildings", "candidates"]) {
    if (data[role]) shapes[role] = decode(data[role].geometry);
  }
  const facilities = siteplan.rows(data.facilities);
  const shown = new Set();
  const sheets = {};
  const order = ["boundary", "communities", "sites", "streets", "buildings", "candidates", "demand", "facilities", "labels"];

  function polygons(shape, fill, stroke, width, dash) {
    return (context, at, bounds) => {
      for (let f = 0; f < shape.count; f++) {
        const box = visible(shape, f, at, bounds);
        if (!box) continue;
        context.beginPath();
        if (box[2] - box[0] < 3 && box[3] - box[1] < 3) context.rect(box[0] - 3, box[1] - 3, 6, 6);
        else trace(context, shape, f, at, true);
        context.setLineDash([]);
        context.fillStyle = fill;
        context.fill();
        context.setLineDash(dash);
        context.lineWidth = width;
        context.strokeStyle = stroke;
        context.stroke();
      }
    };
  }

  function streets(context, at, bounds) {
    const major = data.streets.major;
    context.lineJoin = "round";
    for (const wide of [0, 1]) {
      context.beginPath();
      for (let f = 0; f < shapes.streets.count; f++) {
        if (major[f] === wide && visible(shapes.streets, f, at, bounds)) trace(context, shapes.streets, f, at, false);
      }
      const grown = Math.max(1, Math.min(3, (at.scale / 65536) * 1.2));
      context.lineWidth = wide ? 1.6 * grown : 0.7 * grown;
      context.strokeStyle = wide ? style.street_major : style.street;
      context.stroke();
    }
  }

  // Status of each building for the type chosen; for all types the worst. Codes: 0 served, 1 out of reach, 2 none, 3 not planned.
  function codes(type) {
    const service = data.service;
    const count = shapes.buildings.count;
    const out = new Uint8Array(count).fill(3);
    service.status.forEach((line, t) => {
      if (type >= 0 && service.types[t] !== type) return;
      for (let b = 0; b < line.length; b++) {
        const code = line.charCodeAt(b) - 48;
        if (code < 3 && (out[b] === 3 || code > out[b])) out[b] = code;
      }
    });
    return out;
  }

  function buildings(context, at, bounds) {
    const shape = shapes.buildings;
    for (const code of [3, 0, 1, 2]) {
      const least = code === 3 ? 0.8 : code === 0 ? 2 : 3;
      let pending = 0;
      context.fillStyle = style.service[code];
      context.beginPath();
      for (let f = 0; f < shape.count; f++) {
        if (siteplan.codes[f] !== code) continue;
        const box = visible(shape, f, at, bounds);
        if (!box) continue;
        if (box[2] - box[0] < least || box[3] - box[1] < least) context.rect(box[0], box[1], least, least);
        else trace(context, shape, f, at, true);
        if (++pending % 400 === 0) {
          context.fill();
          context.beginPath();
        }
      }
      context.fill();
    }
  }

  function candidates(context, at) {
    const shape = shapes.candidates;
    for (let f = 0; f < shape.count; f++) {
      const x = ((shape.box[4 * f] + shape.box[4 * f + 2]) / 2) * at.scale - at.x;
      const y = ((shape.box[4 * f + 1] + shape.box[4 * f + 3]) / 2) * at.scale - at.y;
      context.beginPath();
      for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      context.fillStyle = "#ffffff";
      context.fill();
      context.strokeStyle = style.candidate;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  // Households out of reach, gathered in cells of 80 pixels: one disc a cell, its area in proportion to the households.
  function cells(at) {
    const shape = shapes.buildings;
    const found = new Map();
    data.buildings.households.forEach((households, b) => {
      if (!(siteplan.codes[b] === 1 || siteplan.codes[b] === 2) || !households) return;
      const x = ((shape.box[4 * b] + shape.box[4 * b + 2]) / 2) * at.scale;
      const y = ((shape.box[4 * b + 1] + shape.box[4 * b + 3]) / 2) * at.scale;
      const key = Math.floor(x / 80) + ":" + Math.floor(y / 80);
      const cell = found.get(key) || { x: 0, y: 0, households: 0 };
      cell.x += x * households;
      cell.y += y * households;
      cell.households += households;
      found.set(key, cell);
    });
    return [...found.values()];
  }

  function demand(context, at) {
    const all = cells(at);
    const most = Math.max(1, ...all.map((cell) => cell.households));
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const cell of all) {
      const x = cell.x / cell.households - at.x;
      const y = cell.y / cell.households - at.y;
      const radius = 6 + 15 * Math.sqrt(cell.households / most);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = style.demand_fill;
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = style.demand;
      context.stroke();
      if (radius < 10) continue;
      context.font = "700 12px " + style.fonts;
      context.strokeStyle = "#ffffff";
      context.lineWidth = 3;
      context.strokeText(siteplan.number(cell.households), x, y);
      context.fillStyle = style.demand;
      context.fillText(siteplan.number(cell.households), x, y);
    }
  }

  // Facilities of one site stand in a ring around the one that houses the others; crowded maps draw them smaller.
  function arrange() {
    const groups = new Map();
    for (const facility of facilities) {
      facility.world = world(facility.lon, facility.lat);
      const key = facility.lon.toFixed(5) + ":" + facility.lat.toFixed(5);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(facility);
    }
    for (const group of groups.values()) {
      const hosts = new Set(group.map((facility) => facility.inside));
      group.sort((a, b) => hosts.has(b.id) - hosts.has(a.id));
      group.forEach((facility, k) => {
        const ring = Math.max(group.length - 1, 6);
        const angle = ((k - 1) / ring) * 2 * Math.PI - Math.PI / 2;
        const far = k === 0 ? 0 : Math.max(29, (ring * 26) / (2 * Math.PI));
        facility.offset = [far * Math.cos(angle), far * Math.sin(angle)];
        facility.size = k === 0 && group.length > 1 ? 14 : 12;
      });
    }
  }

  function crowding(at) {
    const metresPerPixel = (40075017 * Math.cos((data.origin[1] * Math.PI) / 180)) / (256 * at.scale);
    return Math.max(0.3, Math.min(1, data.spacing / metresPerPixel / 70));
  }

  function place(facility, at) {
    const near = crowding(at);
    return {
      x: facility.world[0] * at.scale - at.x + facility.offset[0] * near,
      y: facility.world[1] * at.scale - at.y + facility.offset[1] * near,
      radius: facility.size * Math.max(near, 0.45),
    };
  }

  function paintFacilities(context, at, bounds) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const facility of facilities) {
      if (!shown.has(facility.type)) continue;
      const spot = place(facility, at);
      if (!bounds.contains([spot.x, spot.y])) continue;
      const type = data.types[facility.type];
      const existing = facility.status === "existing";
      context.beginPath();
      context.arc(spot.x, spot.y, spot.radius + 1.8, 0, 2 * Math.PI);
      context.fillStyle = "#ffffff";
      context.fill();
      context.beginPath();
      context.arc(spot.x, spot.y, spot.radius, 0, 2 * Math.PI);
      context.fillStyle = existing ? "#ffffff" : type.colour;
      context.fill();
      context.setLineDash(facility.status === "extended" ? [3, 2.5] : []);
      context.lineWidth = existing ? 2.6 : 1.8;
      context.strokeStyle = existing ? type.colour : style.ink;
      context.stroke();
      context.setLineDash([]);
      if (spot.radius < 7) continue;
      context.font = "700 " + Math.round(spot.radius * 1.15) + "px " + style.fonts;
      context.fillStyle = existing ? type.colour : type.on;
      context.fillText(type.symbol, spot.x, spot.y + 0.5);
    }
  }

  // A layer of the control that only says whether facilities of one type are shown.
  const TypeLayer = L.Layer.extend({
    initialize(type) { this._type = type; },
    onAdd(map) {
      shown.add(this._type);
      if (!map.hasLayer(sheets.facilities)) sheets.facilities.addTo(map);
      else sheets.facilities.repaint();
    },
    onRemove() {
      shown.delete(this._type);
      sheets.facilities.repaint();
    },
  });

  function labels() {
    return siteplan.rows(data.communities.rows).map((community) => {
      const name = siteplan.make("span", community.name || community.id);
      const icon = L.divIcon({ className: "sp-label", html: name, iconSize: [0, 0] });
      return L.marker([community.top, community.lon], { icon, pane: "sp-labels", interactive: false, keyboard: false });
    });
  }

  // Hide labels that would lie on one another; larger communities come first.
  function declutter() {
    const taken = [];
    const names = [...document.querySelectorAll(".sp-label span")];
    for (const name of names) {
      const box = name.getBoundingClientRect();
      const free = taken.every((b) => box.right < b.left || box.left > b.right || box.bottom < b.top || box.top > b.bottom);
      name.style.visibility = free ? "visible" : "hidden";
      if (free) taken.push(box);
    }
  }

  const painters = {
    boundary: () => polygons(shapes.boundary, style.boundary_fill, style.boundary, 2, []),
    communities: () => polygons(shapes.communities, style.community_fill, style.community, 1.8, [6, 4]),
    sites: () => polygons(shapes.sites, style.site_fill, style.site, 1.3, []),
    streets: () => streets,
    buildings: () => buildings,
    candidates: () => candidates,
    demand: () => demand,
  };

  // The Leaflet layer of a role; called by the page's script for each layer of the map.
  function layer(role, type) {
    if (role === "type") return L.featureGroup([new TypeLayer(type)]);
    sheets[role] = new Sheet("sp-" + role, painters[role]());
    return L.featureGroup(role === "communities" ? [sheets[role], ...labels()] : [sheets[role]]);
  }

  function prepare(map) {
    state.map = map;
    order.forEach((role, k) => {
      const pane = map.createPane("sp-" + role);
      pane.style.zIndex = 310 + 10 * k;
      pane.style.pointerEvents = "none";
    });
    sheets.facilities = new Sheet("sp-facilities", paintFacilities);
    arrange();
    siteplan.codes = codes(-1);
    map.on("zoomend moveend layeradd", declutter);
  }

  function showType(type) {
    state.type = type;
    siteplan.codes = codes(type);
    for (const role of ["buildings", "demand"]) if (sheets[role]) sheets[role].repaint();
  }

  // The topmost thing at a point of the map: facility, candidate, building, site, community.
  function hit(latlng) {
    const map = state.map;
    const at = siteplan.view(map);
    const point = map.latLngToLayerPoint(latlng);
    const [px, py] = world(latlng.lng, latlng.lat);
    for (const facility of facilities.slice().reverse()) {
      if (!shown.has(facility.type)) continue;
      const spot = place(facility, at);
      if (Math.hypot(spot.x - point.x, spot.y - point.y) <= spot.radius + 2) return { kind: "facility", facility };
    }
    const reach = 5 / at.scale;
    for (const kind of ["candidates", "buildings", "sites", "communities"]) {
      if (!sheets[kind] || !map.hasLayer(sheets[kind])) continue;
      const shape = shapes[kind];
      for (let f = shape.count - 1; f >= 0; f--) {
        const b = 4 * f;
        if (kind === "buildings" && f >= data.buildings.households.length) continue;
        const small = Math.abs((shape.box[b] + shape.box[b + 2]) / 2 - px) <= reach && Math.abs((shape.box[b + 1] + shape.box[b + 3]) / 2 - py) <= reach;
        if (contains(shape, f, px, py) || (small && (kind === "candidates" || shape.box[b + 2] - shape.box[b] < 2 * reach))) return { kind, row: f };
      }
    }
    return null;
  }

  function facilityPoint(id) {
    const spot = place(facilities.find((facility) => facility.id === id), siteplan.view(state.map));
    return state.map.layerPointToContainerPoint([spot.x, spot.y]);
  }

  Object.assign(siteplan, { shapes, layer, prepare, showType, hit, facilities, facilityPoint, sheets });
})();
