// Room: validate. Findings as JSON, our own and SARIF. Nothing here throws.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cleat/base/text.hpp"
#include "render.hpp"

namespace cleat::validate {
namespace {

using Json = nlohmann::ordered_json;
using spec::Severity;

std::string dump(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string_view level_of(const Finding& finding) {
    return finding.severity == Severity::Error ? "error" : "warning";
}

Json json_of(const Finding& finding) {
    Json out = {{"severity", level_of(finding)}, {"source", name_of(finding.source)},
                {"line", finding.position.line}, {"column", finding.position.column},
                {"pointer", finding.pointer},    {"message", finding.message}};
    if (!finding.section.empty()) out["section"] = finding.section;
    if (!finding.hint.empty()) out["hint"] = finding.hint;
    return out;
}

/// RFC 3986: what is no letter, digit or one of a few marks is written as %XX.
std::string uri_of(std::string_view path) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out = path.starts_with('/') ? "file://" : "";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || std::string_view("/-._~").find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 0xfU];
    }
    return out;
}

struct About {
    Source source;
    std::string_view text;
};
constexpr std::array<About, 7> kRules = {
    {{Source::Syntax, "The document is no JSON that can be read in one way only"},
     {Source::Schema, "A value is missing, of another type, or not one of those that there are"},
     {Source::Rule, "A rule of the specification between values is broken"},
     {Source::Unknown, "A property that no version of the specification knows is ignored"},
     {Source::Value, "A value is lawful and without the effect that it asks for"},
     {Source::Host, "This host or this runtime cannot do what is asked"},
     {Source::Elsewhere, "Another runtime is known to ignore the property"}}};

Json sarif_rules() {
    Json rules = Json::array();
    for (const auto& [source, text] : kRules)
        rules.push_back({{"id", name_of(source)}, {"shortDescription", {{"text", text}}}});
    return rules;
}

Json sarif_result(const std::string& file, const Finding& finding) {
    std::string text = finding.message;
    if (!finding.pointer.empty()) text = concat(finding.pointer, ": ", text);
    if (!finding.hint.empty()) text += concat("; ", finding.hint);
    Json properties = Json::object();
    if (!finding.section.empty()) properties["section"] = finding.section;
    const auto rule = std::ranges::find(kRules, finding.source, &About::source) - kRules.begin();
    const Json physical = {
        {"artifactLocation", {{"uri", uri_of(file)}}},
        {"region", {{"startLine", finding.position.line}, {"startColumn", finding.character}}}};
    Json location = {{"physicalLocation", physical}};
    if (!finding.pointer.empty())
        location["logicalLocations"] = Json::array({{{"fullyQualifiedName", finding.pointer}}});
    return {{"ruleId", name_of(finding.source)},    {"ruleIndex", rule},
            {"level", level_of(finding)},           {"message", {{"text", text}}},
            {"locations", Json::array({location})}, {"properties", properties}};
}

}  // namespace

std::string render_json(const std::vector<Report>& reports) {
    Json documents = Json::array();
    for (const auto& report : reports) {
        Json problems = Json::array();
        for (const auto& finding : report.findings) problems.push_back(json_of(finding));
        documents.push_back({{"file", report.file},
                             {"type", name_of(report.type)},
                             {"problems", std::move(problems)}});
    }
    const auto counts = count(reports);
    return dump({{"documents", std::move(documents)},
                 {"errors", counts.errors},
                 {"warnings", counts.warnings}});
}

std::string render_sarif(const std::vector<Report>& reports, std::string_view version) {
    Json results = Json::array();
    for (const auto& report : reports)
        for (const auto& finding : report.findings)
            results.push_back(sarif_result(report.file, finding));
    const Json driver = {{"name", "cleat"}, {"version", version}, {"rules", sarif_rules()}};
    const Json run = {{"tool", {{"driver", driver}}},
                      {"columnKind", "unicodeCodePoints"},
                      {"results", std::move(results)}};
    return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                 {"version", "2.1.0"},
                 {"runs", Json::array({run})}});
}

}  // namespace cleat::validate
