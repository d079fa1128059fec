// Room: cli. The flags of plan, spec, features and validate.
#include "flags.hpp"

namespace cleat::cli {
void build_spec(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<SpecArguments>();
    add_text(app, "-b,--bundle", own.bundle, "where to write it (default: .)");
    add_text(app, "-f,--file", own.file, "its name (default: config.json)");
    app.add_flag("--rootless", own.rootless, "for a container without privileges");
}

void build_plan(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<PlanArguments>();
    add_text(app, "-b,--bundle", own.bundle, "the bundle's directory (default: .)");
    add_text(app, "-f,--config", own.config, "another file than BUNDLE/config.json");
    app.add_flag("--json", own.json, "as JSON");
    app.add_option("ID", own.id, "the container's name in it (default: plan)");
}

void build_features(CLI::App&, Arguments& arguments) { arguments.emplace<FeaturesArguments>(); }

void build_validate(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ValidateArguments>();
    add_choice(app, "-t,--type", own.type, {"config", "state", "features"},
               "config, state or features (default: what it looks like)");
    add_choice(app, "-f,--format", own.format, {"text", "json", "sarif", "github"},
               "text, json, sarif or github (default: text)");
    app.add_flag("--strict", own.strict, "warnings are errors");
    app.add_flag("--host", own.host, "judge also by what this host can do");
    app.add_option("PATH", own.paths, "bundles, files, or - (default: .)");
}

}  // namespace cleat::cli
