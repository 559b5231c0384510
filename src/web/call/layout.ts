/** The layout of a call's tiles: as large as the stage allows. */

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

const GAP = 12;
/** Bounds of a tile's aspect ratio; the picture is cropped to it. */
const NARROWEST = 3 / 4;
const WIDEST = 16 / 9;
/** The others' share of the stage beside a shared screen, or below it on a narrow stage. */
const STRIP_BESIDE = 0.22;
const STRIP_BELOW = 0.36;

/** Places `count` tiles in rows and columns, the last row centred. All sizes in CSS pixels. */
export function arrange(stage: Size, count: number): Box[] {
  const columns = bestColumns(stage, count);
  const tile = tileSize(stage, columns, count);
  const rows = Math.ceil(count / columns);
  const top = (stage.height - rows * (tile.height + GAP) + GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = (stage.width - inRow * (tile.width + GAP) + GAP) / 2;
    return {
      x: left + (index % columns) * (tile.width + GAP),
      y: top + row * (tile.height + GAP),
      ...tile,
    };
  });
}

/** Places the first of `count` tiles large, for a screen, and the others in a strip beside it. */
export function arrangeAround(stage: Size, count: number): Box[] {
  if (count < 2) return [{ x: 0, y: 0, ...stage }];
  const isWide = stage.width > stage.height;
  const strip = isWide
    ? { width: stage.width * STRIP_BESIDE, height: stage.height }
    : { width: stage.width, height: stage.height * STRIP_BELOW };
  const large = isWide
    ? { width: stage.width - strip.width - GAP, height: stage.height }
    : { width: stage.width, height: stage.height - strip.height - GAP };
  const x = isWide ? large.width + GAP : 0;
  const y = isWide ? 0 : large.height + GAP;
  const others = arrange(strip, count - 1).map((box) => ({ ...box, x: box.x + x, y: box.y + y }));
  return [{ x: 0, y: 0, ...large }, ...others];
}

/** The number of columns with the largest tiles; wide tiles are preferred, since they crop less. */
function bestColumns(stage: Size, count: number): number {
  const worth = (columns: number) => {
    const { width, height } = tileSize(stage, columns, count);
    return width * height * Math.min(width, height * WIDEST);
  };
  const choices = Array.from({ length: count }, (_, index) => index + 1);
  return choices.reduce((best, columns) => (worth(columns) > worth(best) ? columns : best), 1);
}

function tileSize(stage: Size, columns: number, count: number): Size {
  const rows = Math.ceil(count / columns);
  const width = Math.max(0, (stage.width - (columns - 1) * GAP) / columns);
  const height = Math.max(0, (stage.height - (rows - 1) * GAP) / rows);
  return { width: Math.min(width, height * WIDEST), height: Math.min(height, width / NARROWEST) };
}
