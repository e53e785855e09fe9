"""A town made by hand at Liuzhi: streets of several bends, buildings beside them; and layers shown as web maps show them."""

import geopandas as gpd
import numpy as np
import shapely

from siteplan.layers.datum import from_wgs84

CRS = "EPSG:4544"
EAST, NORTH = 545_000, 2_900_000


def shown_in(frame, datum):
    """Return a layer as a web map shows it, labelled as before."""
    degrees = frame.to_crs("EPSG:4490")
    moved = shapely.transform(
        degrees.geometry.to_numpy(), lambda p: np.column_stack(from_wgs84(p[:, 0], p[:, 1], datum))
    )
    return degrees.set_geometry(gpd.GeoSeries(moved, crs="EPSG:4490", index=frame.index)).to_crs(frame.crs)


def town(rows=14, seed=3):
    """Return streets, buildings, facilities (points) and the boundary of a town, in metres of CRS."""
    random = np.random.default_rng(seed)
    lines, homes, doors = [], [], []
    y = 0.0
    for _ in range(rows):
        x = np.arange(0, 3001, 60.0)
        bend = np.cumsum(random.normal(0, 9, len(x)))
        line = np.column_stack([EAST + x, NORTH + y + bend])
        lines.append(shapely.LineString(line))
        for k in range(1, len(line) - 1, 2):
            side = random.choice([-1, 1])
            centre = line[k] + (0, side * random.uniform(16, 24))
            homes.append(shapely.box(*(centre - 8), *(centre + 8)))
            doors.append(shapely.Point(line[k] + (0, -side * random.uniform(10, 14))))
        y += random.uniform(90, 170)
    for x in range(0, 3001, 500):
        lines.append(shapely.LineString([(EAST + x, NORTH - 200), (EAST + x, NORTH + y)]))
    grid = shapely.union_all(lines)
    homes = [home for home in homes if not home.intersects(grid)]
    doors = [door for door in doors if door.distance(grid) > 6]
    layers = {
        "boundary": [shapely.box(EAST - 900, NORTH - 900, EAST + 3900, NORTH + y + 900)],
        "buildings": homes,
        "facilities": doors,
        "streets": lines,
    }
    return {
        role: gpd.GeoDataFrame({"id": [f"{role}-{k}" for k in range(len(rows))]}, geometry=rows, crs=CRS)
        for role, rows in layers.items()
    }
