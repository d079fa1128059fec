// Room: validate. Findings as lines: for people and compilers' readers, and for GitHub's workflows.
#include "render.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::validate {
namespace {

using spec::Severity;

std::string_view name_of(Severity severity) {
    return severity == Severity::Error ? "error" : "warning";
}

/// GitHub's own words.
std::string_view command_of(const Finding& finding) {
    return is_note(finding) ? "notice" : name_of(finding.severity);
}

/// A message is one line whatever it quotes.
std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return text;
}

std::string text_of(const std::string& file, const Finding& finding) {
    const auto place =
        concat(one_line(file), ":", finding.position.line, ":", finding.position.column, ": ");
    std::string out = concat(place, level_of(finding), ": ");
    if (!finding.pointer.empty()) out += one_line(finding.pointer) + ": ";
    out += one_line(finding.message);
    const std::string_view about = finding.rule.empty() ? finding.section : finding.rule;
    if (!about.empty()) out += concat(" [", about, "]");
    out += '\n';
    if (!finding.hint.empty()) out += concat(place, "note: ", one_line(finding.hint), "\n");
    return out;
}

/// Workflow commands end at a line's end, their properties at a comma or a colon, too.
enum class Part { Message, Property };
std::string escaped(std::string_view text, Part part) {
    std::string out;
    for (const char c : text) {
        const bool special = c == '%' || c == '\r' || c == '\n' ||
                             (part == Part::Property && (c == ':' || c == ','));
        if (!special) {
            out += c;
            continue;
        }
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 0xfU];
    }
    return out;
}

std::string annotation_of(const std::string& file, const Finding& finding) {
    std::string message = finding.message;
    if (!finding.hint.empty()) message += concat("\n", finding.hint);
    if (!finding.section.empty()) message += concat("\n", finding.section);
    const auto title = finding.pointer.empty() ? file : finding.pointer;
    return concat("::", command_of(finding), " file=", escaped(file, Part::Property),
                  ",line=", finding.position.line, ",col=", finding.character,
                  ",title=", escaped(title, Part::Property), "::", escaped(message, Part::Message),
                  "\n");
}

template <class Line>
std::string lines(const std::vector<Report>& reports, Line line) {
    std::string out;
    for (const auto& report : reports)
        for (const auto& finding : report.findings) out += line(report.file, finding);
    return out;
}

std::string counted(std::size_t number, std::string_view what) {
    return concat(number, " ", what, number == 1 ? "" : "s");
}

}  // namespace

std::string_view name_of(Source source) noexcept {
    switch (source) {
        case Source::Syntax:
            return "syntax";
        case Source::Schema:
            return "schema";
        case Source::Rule:
            return "rule";
        case Source::Unknown:
            return "unknown-property";
        case Source::Value:
            return "value";
        case Source::Host:
            return "host";
        case Source::Elsewhere:
            return "ignored-elsewhere";
    }
    return "rule";
}

std::string_view level_of(const Finding& finding) noexcept {
    return finding.level.empty() ? name_of(finding.severity) : finding.level;
}

bool is_note(const Finding& finding) noexcept { return finding.level == "low"; }

Counts count(const std::vector<Report>& reports) {
    Counts counts;
    for (const auto& report : reports)
        for (const auto& finding : report.findings)
            ++(finding.severity == Severity::Error ? counts.errors : counts.warnings);
    return counts;
}

std::string summary(const std::vector<Report>& reports) {
    const auto counts = count(reports);
    return concat(counted(reports.size(), "document"), ", ", counted(counts.errors, "error"), ", ",
                  counted(counts.warnings, "warning"), "\n");
}

std::string render(const std::vector<Report>& reports, Format format, const Judge& judge) {
    switch (format) {
        case Format::Text:
            return lines(reports, text_of);
        case Format::Github:
            return lines(reports, annotation_of);
        case Format::Json:
            return render_json(reports);
        case Format::Sarif:
            return render_sarif(reports, judge);
    }
    return {};
}

}  // namespace cleat::validate
