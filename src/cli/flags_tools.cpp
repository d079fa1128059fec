// Room: cli. The flags of plan, spec, features, validate, audit and conformance.
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

void build_conformance(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ConformanceArguments>();
    add_list(app, "--runtime", own.runtimes, "a runtime to judge; may be given several times");
    add_text(app, "--filter", own.filter, "only cases with this in their name or clause");
    add_list(app, "--known", own.known, "a case whose failure is known, and is no failure of all");
    add_choice(app, "--suite", own.suite,
               {{"spec", "engine", "security", "faults", "all"},
                "spec, engine, security, faults or all (default: spec)"});
    add_choice(app, "--format", own.format,
               {{"tap", "junit", "html"}, "tap, junit or html (default: tap)"});
    add_text(app, "--out", own.file, "where the report goes (default: standard output)");
    add_count(app, "-j,--jobs", own.parallel, "how many cases at a time (default: 1)");
    add_count(app, "--timeout", own.timeout, "seconds for one call of the runtime (default: 10)");
    app.add_flag("--list", own.list, "show the cases, and run none");
    add_list(app, "--diff", own.peers,
             "a runtime to compare with on random configurations; may be given several times");
    app.add_option("--seed", own.seed, "of the random configurations (default: the time)")
        ->take_last();
    add_count(app, "--count", own.count, "how many configurations (default: 100)");
    add_count(app, "--seconds", own.seconds, "how long configurations are begun");
    app.add_option("RUNTIME", own.judged, "with --diff, the runtime to judge (default: cleat)");
}

void build_features(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<FeaturesArguments>();
    app.add_flag("--host", own.host, "add what of it this host has");
}

void build_audit(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<AuditArguments>();
    add_choice(
        app, "-f,--format", own.format,
        {{"text", "json", "sarif", "github"}, "text, json, sarif or github (default: text)"});
    add_choice(app, "--fail-on", own.fail_on,
               {{"low", "medium", "high", "critical", "never"},
                "low, medium, high, critical or never (default: high)"});
    add_list(app, "--accept", own.accepted, "a rule whose findings are left out");
    app.add_flag("--list", own.list, "show the rules, and read nothing");
    app.add_option("PATH", own.paths, "bundles, files, or - (default: .)");
}

void build_validate(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<ValidateArguments>();
    add_choice(app, "-t,--type", own.type,
               {{"config", "state", "features"},
                "config, state or features (default: what it looks like)"});
    add_choice(
        app, "-f,--format", own.format,
        {{"text", "json", "sarif", "github"}, "text, json, sarif or github (default: text)"});
    app.add_flag("--strict", own.strict, "warnings are errors");
    app.add_flag("--host", own.host, "judge also by what this host can do");
    app.add_option("PATH", own.paths, "bundles, files, or - (default: .)");
}

}  // namespace cleat::cli
