// `validate` and `audit`: any text is judged, and its report can be written in each form.
#include "cleat/validate/validate.hpp"

#include "../unit/plan/sample.hpp"
#include "cleat/audit/audit.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;

/// What create would refuse is never passed as right.
void claim_as_strict(const validate::Report& report, std::string_view text) {
    if (report.type != validate::DocumentType::Config) return;
    const auto decoded = spec::decode_config(text);
    bool errors = false;
    for (const auto& problem : decoded.problems)
        errors = errors || problem.severity == spec::Severity::Error;
    fuzz::claim(!errors || !report.findings.empty(), "what is refused is found");
}

/// What is accepted as a configuration can be audited, and accepting every rule leaves nothing.
void audit_it(const validate::Document& document) {
    const auto report = audit::audit(document, {});
    fuzz::claim(report.has_value() == spec::decode_config(document.text).value.has_value(),
                "what there could be a container of is audited");
    if (!report) return;
    std::vector<std::string> all;
    for (const auto& rule : audit::rules()) all.emplace_back(rule.id);
    const auto accepted = audit::audit(document, all);
    fuzz::claim(accepted && accepted->findings.empty(), "what is accepted is left out");
    for (const auto& finding : report->findings)
        fuzz::claim(finding.position.line > 0 && !finding.message.empty() &&
                        !finding.hint.empty() && audit::risk_of(finding.level),
                    "a finding has a place, a reason, a fix and a risk");
    static_cast<void>(
        validate::render({*report}, validate::Format::Sarif, {.rules = audit::rules()}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static validate::Validator plain({});
    static validate::Validator strict(
        {.host = plan::sample::hybrid_host(), .warnings = validate::Settings::Warnings::Fail});
    validate::Document document;
    document.file = "config.json";
    document.text = fuzz::text_of(data, size);
    document.directory = "/nonexistent";
    audit_it(document);
    for (auto* validator : {&plain, &strict}) {
        const auto report = validator->judge(document);
        fuzz::claim(report.has_value(), "any text can be judged");
        claim_as_strict(*report, document.text);
        for (const auto& finding : report->findings)
            fuzz::claim(finding.position.line > 0 && finding.position.column > 0 &&
                            finding.character > 0 && !finding.message.empty(),
                        "a finding has a place and a message");
        using enum validate::Format;
        for (const auto format : {Text, Json, Sarif, Github})
            static_cast<void>(validate::render({*report}, format, {.version = "1"}));
    }
    return 0;
}
