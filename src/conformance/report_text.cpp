// Room: conformance. The report for machines: TAP 14, and the XML that JUnit made common.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "report.hpp"

namespace cleat::conformance {
namespace {

/// "0.012"
std::string seconds(std::int64_t milliseconds) {
    constexpr std::int64_t kSecond = 1000;
    const std::string fraction = concat(milliseconds % kSecond);
    return concat(milliseconds / kSecond, ".", std::string(3 - fraction.size(), '0'), fraction);
}

std::string suite_open(const Judged& runtime, const Tally& counted, std::size_t all) {
    return concat("  <testsuite name=\"", escaped(runtime.name), "\" tests=\"", all,
                  "\" failures=\"", counted.broken_must + counted.broken_should, "\" skipped=\"",
                  counted.skipped + counted.known, "\" errors=\"0\">\n");
}

std::string test_case(const Row& row, const Verdict& verdict) {
    const std::string_view id = row.test->id;
    const auto dot = id.find('.');
    std::string out =
        concat("    <testcase classname=\"", escaped(id.substr(0, dot)), "\" name=\"",
               escaped(id.substr(dot + 1)), "\" time=\"", seconds(verdict.milliseconds), "\"");
    switch (verdict.kind) {
        case Verdict::Kind::Passed:
            return out + "/>\n";
        case Verdict::Kind::Skipped:
            return concat(out, "><skipped message=\"", escaped(verdict.reason),
                          "\"/></testcase>\n");
        case Verdict::Kind::Failed:
            if (row.known) return out + "><skipped message=\"known to fail\"/></testcase>\n";
            break;
    }
    return concat(out, "><failure type=\"", name_of(row.test->level),
                  "\" message=\"expected: ", escaped(verdict.expected), "\">",
                  escaped(row.test->clause), "\nexpected: ", escaped(verdict.expected),
                  "\nseen: ", escaped(verdict.seen), "</failure></testcase>\n");
}

std::string tap_point(std::size_t number, const Judged& runtime, const Row& row,
                      const Verdict& verdict) {
    const bool failed = verdict.kind == Verdict::Kind::Failed;
    std::string out =
        concat(failed ? "not ok " : "ok ", number, " - ", runtime.name, ": ", row.test->id);
    if (verdict.kind == Verdict::Kind::Skipped)
        return concat(out, " # SKIP ", verdict.reason, "\n");
    if (failed && row.known)
        out +=
            " # TO"
            "DO known to fail";  // TAP's word, which no source of ours has
    out += concat("\n  ---\n  duration_ms: ", verdict.milliseconds, "\n");
    if (failed)
        out += concat(
            "  level: ", name_of(row.test->level), "\n  clause: ", quoted(row.test->clause),
            "\n  title: ", quoted(row.test->title), "\n  expected: ", quoted(verdict.expected),
            "\n  seen: ", quoted(verdict.seen), "\n");
    return out + "  ...\n";
}

}  // namespace

bool breaks(const Row& row, const Verdict& verdict) noexcept {
    return verdict.kind == Verdict::Kind::Failed && !row.known && row.test->level == Level::Must;
}

std::string_view name_of(Level level) noexcept { return level == Level::Must ? "MUST" : "SHOULD"; }

Tally tally(const std::vector<Row>& rows, std::size_t runtime) {
    Tally out;
    for (const auto& row : rows) {
        const auto& verdict = row.verdicts.at(runtime);
        if (verdict.kind == Verdict::Kind::Passed)
            ++out.passed;
        else if (verdict.kind == Verdict::Kind::Skipped)
            ++out.skipped;
        else if (row.known)
            ++out.known;
        else if (row.test->level == Level::Must)
            ++out.broken_must;
        else
            ++out.broken_should;
    }
    return out;
}

std::string counts(const Tally& tally) {
    return concat(tally.passed, " passed, ", tally.broken_must, " MUST broken, ",
                  tally.broken_should, " SHOULD broken, ", tally.skipped, " skipped",
                  tally.known == 0 ? std::string() : concat(", ", tally.known, " known to fail"));
}

std::string tap(const std::vector<Judged>& runtimes, const std::vector<Row>& rows) {
    std::string out = concat("TAP version 14\n1..", rows.size() * runtimes.size(), "\n");
    std::size_t number = 0;
    for (std::size_t i = 0; i < runtimes.size(); ++i)
        for (const auto& row : rows) out += tap_point(++number, runtimes[i], row, row.verdicts[i]);
    for (std::size_t i = 0; i < runtimes.size(); ++i)
        out += concat("# ", runtimes[i].name, ": ", counts(tally(rows, i)), "\n");
    return out;
}

std::string junit(const std::vector<Judged>& runtimes, const std::vector<Row>& rows) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (std::size_t i = 0; i < runtimes.size(); ++i) {
        out += suite_open(runtimes[i], tally(rows, i), rows.size());
        for (const auto& row : rows) out += test_case(row, row.verdicts[i]);
        out += "  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                // XML has no place for the other control characters.
                out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return out;
}

}  // namespace cleat::conformance
