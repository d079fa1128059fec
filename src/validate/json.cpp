// Room: validate. Findings as JSON, our own and SARIF. Nothing here throws.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "cleat/base/text.hpp"
#include "render.hpp"

namespace cleat::validate {
namespace {

using Json = nlohmann::ordered_json;
using spec::Severity;

std::string dump(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string_view rule_of(const Finding& finding) {
    return finding.rule.empty() ? name_of(finding.source) : finding.rule;
}

Json json_of(const Finding& finding) {
    Json out = {{"severity", level_of(finding)}, {"source", rule_of(finding)},
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

/// In the order of Source.
constexpr std::array<RuleText, 7> kRules = {
    {{"syntax", "The document is no JSON that can be read in one way only"},
     {"schema", "A value is missing, of another type, or not one of those that there are"},
     {"rule", "A rule of the specification between values is broken"},
     {"unknown-property", "A property that no version of the specification knows is ignored"},
     {"value", "A value is lawful and without the effect that it asks for"},
     {"host", "This host or this runtime cannot do what is asked"},
     {"ignored-elsewhere", "Another runtime is known to ignore the property"}}};

Json sarif_rules(std::span<const RuleText> own) {
    Json rules = Json::array();
    for (const auto& rule : own) {
        Json entry = {{"id", rule.id}, {"shortDescription", {{"text", rule.text}}}};
        if (!rule.score.empty()) entry["properties"] = {{"security-severity", rule.score}};
        rules.push_back(std::move(entry));
    }
    return rules;
}

std::string_view sarif_level(const Finding& finding) {
    if (is_note(finding)) return "note";
    return finding.severity == Severity::Error ? "error" : "warning";
}

Json sarif_result(const std::string& file, const Finding& finding,
                  std::span<const RuleText> rules) {
    std::string text = finding.message;
    if (!finding.pointer.empty()) text = concat(finding.pointer, ": ", text);
    if (!finding.hint.empty()) text += concat("; ", finding.hint);
    Json properties = Json::object();
    if (!finding.section.empty()) properties["section"] = finding.section;
    const auto rule = std::ranges::find(rules, rule_of(finding), &RuleText::id) - rules.begin();
    const Json physical = {
        {"artifactLocation", {{"uri", uri_of(file)}}},
        {"region", {{"startLine", finding.position.line}, {"startColumn", finding.character}}}};
    Json location = {{"physicalLocation", physical}};
    if (!finding.pointer.empty())
        location["logicalLocations"] = Json::array({{{"fullyQualifiedName", finding.pointer}}});
    return {{"ruleId", rule_of(finding)},           {"ruleIndex", rule},
            {"level", sarif_level(finding)},        {"message", {{"text", text}}},
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

std::string render_sarif(const std::vector<Report>& reports, const Judge& judge) {
    const std::span<const RuleText> rules = judge.rules.empty() ? kRules : judge.rules;
    Json results = Json::array();
    for (const auto& report : reports)
        for (const auto& finding : report.findings)
            results.push_back(sarif_result(report.file, finding, rules));
    const Json driver = {
        {"name", "cleat"}, {"version", judge.version}, {"rules", sarif_rules(rules)}};
    const Json run = {{"tool", {{"driver", driver}}},
                      {"columnKind", "unicodeCodePoints"},
                      {"results", std::move(results)}};
    return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                 {"version", "2.1.0"},
                 {"runs", Json::array({run})}});
}

}  // namespace cleat::validate
