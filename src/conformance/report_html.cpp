// Room: conformance. The report for people: one page, which needs nothing else.
#include "cleat/base/text.hpp"
#include "report.hpp"

namespace cleat::conformance {
namespace {

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--dim:#5b6570;--line:#d9dee3;--head:#f3f5f7;
--good:#1a7f37;--bad:#b42318;--warn:#8a5a00;--goodbg:#e6f4ea;--badbg:#fde8e6;--warnbg:#fff1d6}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e3e7ea;--dim:#98a2ab;--line:#343b42;
--head:#1d2226;--good:#5fce82;--bad:#ff8a80;--warn:#eab959;--goodbg:#15301f;--badbg:#3d1a18;
--warnbg:#372a10}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .2rem}p{margin:.2rem 0 1rem;color:var(--dim)}
.cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:0 0 1rem}
.card{border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem;min-width:14rem}
.card b{display:block}.card small{color:var(--dim)}
.bar{display:flex;height:8px;border-radius:4px;overflow:hidden;margin:.4rem 0;background:var(--line)}
.bar i{display:block}.bar .ok{background:var(--good)}.bar .bad{background:var(--bad)}
.bar .warn{background:var(--warn)}
.tools{display:flex;flex-wrap:wrap;gap:.8rem;align-items:center;margin:0 0 .8rem;position:sticky;top:0;
background:var(--bg);padding:.4rem 0;z-index:2}
input[type=search]{flex:1;min-width:12rem;padding:.45rem .7rem;border:1px solid var(--line);
border-radius:6px;background:var(--bg);color:var(--fg);font:inherit}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{background:var(--head);font-weight:600}th.r{text-align:center}
tr.subject th{padding-top:.8rem;font-size:1rem}
td.v{white-space:nowrap;text-align:center;width:7.5rem}
code{font:13px ui-monospace,monospace}td small{display:block;color:var(--dim)}
.tag{display:inline-block;padding:0 .5rem;border-radius:99px;font-size:13px}
.ok .tag{color:var(--good);background:var(--goodbg)}.bad .tag{color:var(--bad);background:var(--badbg)}
.warn .tag{color:var(--warn);background:var(--warnbg)}.skip .tag{color:var(--dim)}
details{text-align:left;white-space:normal}summary{text-align:center;cursor:pointer;list-style:none}
dl{margin:.4rem 0 0;font-size:13px;max-width:26rem;overflow-wrap:anywhere}
dt{color:var(--dim)}dd{margin:0 0 .3rem}
)";

constexpr const char* kScript = R"(
const q=document.getElementById('q'),bad=document.getElementById('bad'),n=document.getElementById('n');
function show(){const w=q.value.toLowerCase();let c=0;
document.querySelectorAll('tbody').forEach(b=>{let any=false;
b.querySelectorAll('tr.case').forEach(r=>{const hit=(!w||r.textContent.toLowerCase().includes(w))&&
(!bad.checked||r.classList.contains('broken'));r.hidden=!hit;if(hit){any=true;c++}});b.hidden=!any});
n.textContent=c+' cases'}
q.addEventListener('input',show);bad.addEventListener('change',show);show();
)";

struct Look {
    const char* style;
    const char* word;
};

Look look_of(const Row& row, const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::Passed) return {"ok", "passed"};
    if (verdict.kind == Verdict::Kind::Skipped) return {"skip", "skipped"};
    if (row.known) return {"warn", "known"};
    return row.test->level == Level::Must ? Look{"bad", "failed"} : Look{"warn", "differs"};
}

std::string cell(const Row& row, const Verdict& verdict) {
    const auto look = look_of(row, verdict);
    const std::string tag = concat("<span class=tag>", look.word, "</span>");
    std::string out = concat("<td class=\"v ", look.style, "\">");
    if (verdict.kind == Verdict::Kind::Passed) return concat(out, tag, "</td>");
    out += concat("<details><summary>", tag, "</summary><dl>");
    if (verdict.kind == Verdict::Kind::Skipped)
        out += concat("<dt>because</dt><dd>", escaped(verdict.reason), "</dd>");
    else
        out += concat("<dt>expected</dt><dd><code>", escaped(verdict.expected),
                      "</code></dd><dt>seen</dt><dd><code>", escaped(verdict.seen), "</code></dd>");
    return out + "</dl></details></td>";
}

std::string table_row(const Row& row) {
    bool broken = false;
    std::string cells;
    for (const auto& verdict : row.verdicts) {
        broken = broken || verdict.kind == Verdict::Kind::Failed;
        cells += cell(row, verdict);
    }
    return concat("<tr class=\"case", broken ? " broken" : "", "\"><td><code>",
                  escaped(row.test->id), "</code><small>", escaped(row.test->title),
                  "</small></td><td>", name_of(row.test->level), "<small>",
                  escaped(row.test->clause), "</small></td>", cells, "</tr>\n");
}

std::string card(const Judged& runtime, const Tally& counted) {
    const auto part = [](const char* style, std::size_t count) {
        return concat("<i class=", style, " style=\"flex:", count, "\"></i>");
    };
    return concat("<div class=card><b>", escaped(runtime.name), "</b><small>",
                  escaped(runtime.version), "</small><div class=bar>", part("ok", counted.passed),
                  part("bad", counted.broken_must), part("warn", counted.broken_should),
                  part("skip", counted.skipped), "</div>", counts(counted), "</div>");
}

std::string head(const std::vector<Judged>& runtimes) {
    std::string out = "<thead><tr><th>Case</th><th>Clause</th>";
    for (const auto& runtime : runtimes)
        out += concat("<th class=r>", escaped(runtime.name), "</th>");
    return out + "</tr></thead>\n";
}

}  // namespace

std::string html(const std::vector<Judged>& runtimes, const std::vector<Row>& rows) {
    std::string out = concat(
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
        "<title>OCI runtime conformance</title><style>",
        kStyle, "</style></head>\n<body><h1>OCI runtime conformance</h1><p>", rows.size(),
        " cases against the runtime specification. A MUST that is not met is a failure; a SHOULD "
        "that is not met, a difference.</p>\n<div class=cards>");
    for (std::size_t i = 0; i < runtimes.size(); ++i) out += card(runtimes[i], tally(rows, i));
    out +=
        "</div>\n<div class=tools><input id=q type=search placeholder=\"Filter: id, clause, "
        "result\" aria-label=Filter><label><input id=bad type=checkbox> only failures and "
        "differences</label><span id=n></span></div>\n<div class=wide><table>";
    out += head(runtimes);
    const Subject* subject = nullptr;
    for (const auto& row : rows) {
        if (row.subject != subject) {
            if (subject != nullptr) out += "</tbody>\n";
            subject = row.subject;
            out += concat("<tbody><tr class=subject><th colspan=", runtimes.size() + 2, ">",
                          escaped(subject->title), "</th></tr>\n");
        }
        out += table_row(row);
    }
    return concat(out, "</tbody></table></div><script>", kScript, "</script></body></html>\n");
}

}  // namespace cleat::conformance
