// Room: cli. `validate` and `audit`: what is read, how it is shown, and the exit status.
#include "validate.hpp"

#include <unistd.h>

#include <algorithm>

#include "cleat/audit/audit.hpp"
#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "cleat/validate/validate.hpp"
#include "output.hpp"
#include "version.hpp"

namespace cleat::cli {
namespace {

validate::Format format_of(std::string_view name) {
    if (name == "json") return validate::Format::Json;
    if (name == "sarif") return validate::Format::Sarif;
    return name == "github" ? validate::Format::Github : validate::Format::Text;
}

Result<validate::Settings> settings_of(const ValidateArguments& arguments) {
    validate::Settings settings;
    using enum validate::DocumentType;
    for (const auto type : {Config, State, Features})
        if (arguments.type == validate::name_of(type)) settings.type = type;
    if (arguments.host) settings.host = TRY(host::probe());
    if (arguments.strict) settings.warnings = validate::Settings::Warnings::Fail;
    return settings;
}

constexpr int kProblems = 1;
constexpr int kUnreadable = 2;

enum class Read { All, Some };
struct Judged {
    std::vector<validate::Report> reports;
    Read read = Read::All;
};

/// Each document by `judge`; those that cannot be read or judged are reported for `command`.
template <class Function>
Judged judge_all(std::vector<std::string> paths, std::string_view command, Function judge) {
    Judged judged;
    if (paths.empty()) paths.emplace_back(".");
    for (const auto& path : paths) {
        auto report = [&]() -> Result<validate::Report> {
            return judge(TRY(validate::read_document(path)));
        }();
        if (report) {
            judged.reports.push_back(*std::move(report));
            continue;
        }
        judged.read = Read::Some;
        log({.level = LogLevel::Error, .message = concat(command, ": ", describe(report.error()))});
    }
    return judged;
}

Result<void> check_rules(const std::vector<std::string>& names) {
    for (const auto& name : names)
        if (std::ranges::find(audit::rules(), name, &validate::RuleText::id) ==
            audit::rules().end())
            return fail(ErrorKind::InvalidArgument, concat("no rule is named ", quoted(name)));
    return {};
}

Result<int> list_rules() {
    constexpr std::size_t kColumn = 26;
    std::string text;
    for (const auto& rule : audit::rules()) {
        std::string name(rule.id);
        name.resize(kColumn, ' ');
        text += concat(name, rule.text, "\n");
    }
    TRY(print(text));
    return 0;
}

}  // namespace

Result<int> validate(const ValidateArguments& arguments) {
    validate::Validator validator(TRY(settings_of(arguments)));
    const auto judged = judge_all(arguments.paths, "validate",
                                  [&](const auto& document) { return validator.judge(document); });
    const auto format = format_of(arguments.format);
    TRY(print(validate::render(judged.reports, format, {.version = kVersion})));
    if (format == validate::Format::Text && ::isatty(STDOUT_FILENO) == 1)
        TRY(print(validate::summary(judged.reports)));
    if (judged.read == Read::Some) return kUnreadable;
    return validate::has_errors(judged.reports) ? kProblems : 0;
}

Result<int> audit(const AuditArguments& arguments) {
    if (arguments.list) return list_rules();
    TRY(check_rules(arguments.accepted));
    const auto judged = judge_all(arguments.paths, "audit", [&](const auto& document) {
        return audit::audit(document, arguments.accepted);
    });
    TRY(print(validate::render(judged.reports, format_of(arguments.format),
                               {.version = kVersion, .rules = audit::rules()})));
    if (judged.read == Read::Some) return kUnreadable;
    const auto limit = audit::risk_of(arguments.fail_on);
    return limit && audit::worst(judged.reports) >= limit ? kProblems : 0;
}

}  // namespace cleat::cli
