"""What is promised of speed and memory, and whether it holds. A ratio is ours to theirs: smaller is better."""

from dataclasses import dataclass

from . import inputs as names

MIB = 1 << 20
EXACT_PEERS = ("polars", "duckdb", "chdb", "datafusion", "pyarrow")


@dataclass
class Gate:
    """One promise."""

    input: str
    what: str
    must: str
    stretch: str
    measured: str
    must_met: bool
    stretch_met: bool


def _part(of):
    """The limit `1/of`, as text and as a number."""
    return f"≤ 1/{of:g}", 1 / of


def _times(limit):
    """The limit `limit`, as text and as a number."""
    return f"≤ {limit:g}", limit


def _ratio(found, what, ours, others, must, stretch, judged=("cpu", "wall")):
    """One gate: ours to the best of others, in CPU and in wall time; none where one side did not run."""
    others = [other for other in others if other and other.runs]
    if not others or not (ours and ours.runs):
        return []
    ratios = {of: ours.median(of) / min(other.median(of) for other in others) for of in ("cpu", "wall")}
    measured = f"{ratios['cpu']:.2f} CPU, {ratios['wall']:.2f} wall"
    met = [max(ratios[of] for of in judged) <= limit for _, limit in (must, stretch)]
    return [Gate(found.title, what, must[0], stretch[0], measured, *met)]


def of_input(found):
    """The gates of one input."""
    ours, best = found.of(names.ROLLUP), [found.of(peer) for peer in EXACT_PEERS]
    duckdb = found.of("duckdb")
    if found.name == "dbr-zip":
        piped, inflate = [found.of("unzip -p into duckdb")], [found.of("a lone inflate", "")]
        return [
            *_ratio(found, "`unzip -p` into DuckDB", ours, piped, _part(5), _part(9)),
            # In wall time: parsing takes CPU beside inflating, and is to be hidden behind it.
            *_ratio(found, "a lone inflate", ours, inflate, _times(1.35), _times(1.15), judged=["wall"]),
        ]
    if found.name.startswith("dbr"):
        return [
            *_ratio(found, "Polars, decimals", ours, [found.of("polars")], _part(3), _part(4)),
            *_ratio(found, "DuckDB, decimals", ours, [duckdb], _part(5), _part(7)),
        ]
    if found.name == "cur":
        return _ratio(found, "the best peer", ours, best, _part(4), _part(6))
    if found.name == "cur-gz":
        return _ratio(found, "the best peer", ours, best, _part(2), _part(2.7))
    if found.name == "cur-parquet":
        return _ratio(found, "DuckDB, either mode", ours, [duckdb, found.of("duckdb", "float")], _part(2), _part(3.5))
    if found.name == "pipeline":
        whole = found.of(names.PIPELINE, "")
        return _ratio(found, "the rollup without evidence", whole, [ours], _times(2), _times(1.3))
    return []


def of_memory(found, charges):
    """Peak memory of a rollup without evidence."""
    ours = found.of(names.ROLLUP)
    if not ours.runs:
        return []
    peak, allowed = max(run.peak for run in ours.runs), 24 * MIB + 1024 * charges
    said = [f"≤ {allowed / MIB:.1f} MiB", "≤ 8 MiB"]
    measured = f"{peak / MIB:.1f} MiB"
    return [Gate(found.title, f"peak memory, {charges:,} charges", *said, measured, peak <= allowed, peak <= 8 * MIB)]


def of_attribution(milliseconds):
    """Attribution of 100,000 charges with another policy."""
    measured = f"{milliseconds:.1f} ms"
    title = "a scanned bill of 100,000 charges"
    return [Gate(title, "another policy", "≤ 50 ms", "≤ 10 ms", measured, milliseconds <= 50, milliseconds <= 10)]


def table(gates):
    """The gates in Markdown."""
    lines = ["| input | ours to | measured | must | met | stretch | met |", "|---|---|---|---|---|---|---|"]
    for it in gates:
        must, stretch = (f"{'yes' if met else '**no**'}" for met in (it.must_met, it.stretch_met))
        lines.append(f"| {it.input} | {it.what} | {it.measured} | {it.must} | {must} | {it.stretch} | {stretch} |")
    return "\n".join(lines)


def results(found, said):
    """What was measured on one input, in Markdown."""
    lines = [f"**{found.title}**, {found.size() / 1e6:,.0f} MB", ""]
    lines += ["| program | CPU s | wall s | peak MiB | × our CPU | the sums |", "|---|---|---|---|---|---|"]
    ours = found.of(names.ROLLUP)
    for it in found.contestants:
        name = f"{it.name} (floats)" if it.mode == "float" else it.name
        if not it.runs:
            lines.append(f"| {name} | failed | | | | {it.failure.splitlines()[-1][:80] if it.failure else ''} |")
            continue
        cells = [_spread(it, "cpu"), _spread(it, "wall"), f"{it.median('peak') / MIB:,.0f}"]
        times = f"{it.median('cpu') / ours.median('cpu'):.1f}" if ours.runs else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {times} | {said.get(id(it), '')} |")
    return "\n".join(lines)


def _spread(contestant, of):
    """`1.43 (1.40–1.52)`."""
    least, most = contestant.spread(of)
    middle = f"{contestant.median(of):.2f}"
    return middle if len(contestant.runs) == 1 else f"{middle} ({least:.2f}–{most:.2f})"
