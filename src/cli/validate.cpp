// Room: cli. `validate`: what is read, how it is shown, and the exit status.
#include "validate.hpp"

#include <unistd.h>

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

}  // namespace

Result<int> validate(const ValidateArguments& arguments) {
    constexpr int kProblems = 1;
    constexpr int kUnreadable = 2;
    validate::Validator validator(TRY(settings_of(arguments)));
    std::vector<validate::Report> reports;
    bool unreadable = false;
    auto paths = arguments.paths;
    if (paths.empty()) paths.emplace_back(".");
    for (const auto& path : paths) {
        const auto document = validate::read_document(path);
        if (!document) {
            unreadable = true;
            log({.level = LogLevel::Error,
                 .message = concat("validate: ", describe(document.error()))});
            continue;
        }
        reports.push_back(TRY(validator.judge(*document)));
    }
    const auto format = format_of(arguments.format);
    TRY(print(validate::render(reports, format, kVersion)));
    if (format == validate::Format::Text && ::isatty(STDOUT_FILENO) == 1)
        TRY(print(validate::summary(reports)));
    if (unreadable) return kUnreadable;
    return validate::has_errors(reports) ? kProblems : 0;
}

}  // namespace cleat::cli
