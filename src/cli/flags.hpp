// Room: cli. What the files share that say which flags a command has: flags_*.cpp, a file for each
// group of commands. With parse.cpp they are the only ones that know CLI11.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cli11.hpp"

namespace cleat::cli {

inline void add_text(CLI::App& app, const char* name, std::string& out, const char* help) {
    app.add_option(name, out, help)->take_last();
}

inline void add_optional(CLI::App& app, const char* name, std::optional<std::string>& out,
                         const char* help) {
    app.add_option(name, out, help)->take_last();
}

struct Choice {
    std::vector<std::string> words;
    const char* help;
};
inline void add_choice(CLI::App& app, const char* name, std::string& out, Choice choice) {
    app.add_option(name, out, choice.help)
        ->check(CLI::IsMember(std::move(choice.words)))
        ->take_last();
}

inline void add_count(CLI::App& app, const char* name, std::uint32_t& out, const char* help) {
    app.add_option(name, out, help)->take_last();
}

/// May be given several times; a value is never split and never more than one argument.
template <class T>
inline void add_list(CLI::App& app, const char* name, std::vector<T>& out, const char* help) {
    app.add_option(name, out, help)->allow_extra_args(false);
}

/// Accepted because engines and scripts pass it; there is nothing to switch.
inline void add_ignored(CLI::App& app, const char* name, const char* help) {
    app.add_flag(name)->description(help);
}

inline void add_id(CLI::App& app, std::string& id) {
    app.add_option("ID", id, "the container")->required();
}

/// Some containers, or all.
inline void add_ids(CLI::App& app, std::vector<std::string>& ids, bool& all) {
    app.add_flag("-a,--all", all, "all containers that are live");
    app.add_option("ID", ids, "the containers");
}

inline void add_format(CLI::App& app, std::string& format) {
    add_choice(app, "-f,--format", format, {{"table", "json"}, "table or json (default: table)"});
}

template <Target target>
void build_target(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<TargetArguments>(TargetArguments{.target = target, .id = {}});
    add_id(app, own.id);
}

/// Each binds the flags of its command to its arguments.
void build_create(CLI::App& app, Arguments& arguments);
void build_run(CLI::App& app, Arguments& arguments);
void build_exec(CLI::App& app, Arguments& arguments);
void build_kill(CLI::App& app, Arguments& arguments);
void build_delete(CLI::App& app, Arguments& arguments);
void build_list(CLI::App& app, Arguments& arguments);
void build_gc(CLI::App& app, Arguments& arguments);
void build_ps(CLI::App& app, Arguments& arguments);
void build_events(CLI::App& app, Arguments& arguments);
void build_stats(CLI::App& app, Arguments& arguments);
void build_checkpoint(CLI::App& app, Arguments& arguments);
void build_restore(CLI::App& app, Arguments& arguments);
void build_mounts(CLI::App& app, Arguments& arguments);
void build_update(CLI::App& app, Arguments& arguments);
void build_spec(CLI::App& app, Arguments& arguments);
void build_plan(CLI::App& app, Arguments& arguments);
void build_conformance(CLI::App& app, Arguments& arguments);
void build_features(CLI::App& app, Arguments& arguments);
void build_validate(CLI::App& app, Arguments& arguments);
void build_audit(CLI::App& app, Arguments& arguments);

/// Each takes what follows the flags.
Result<void> finish_exec(Arguments& arguments, std::vector<std::string> rest);
Result<void> finish_kill(Arguments& arguments, std::vector<std::string> rest);
Result<void> finish_ps(Arguments& arguments, std::vector<std::string> rest);

}  // namespace cleat::cli
