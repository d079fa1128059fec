// Room: cli. The command line as plain structs: what parse.cpp makes and commands.cpp carries out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cleat/lifecycle/criu.hpp"

namespace cleat::cli {

/// Flags before the command.
struct Globals {
    std::string root;
    std::string log;
    std::string log_format = "text";
    std::string log_level;
    std::string trace;
    std::string cgroup_manager;
    std::string rootless = "auto";
    bool debug = false;
    bool systemd_cgroup = false;
};

enum class Target { Start, State, Pause, Resume, Wait };
struct TargetArguments {
    Target target = Target::Start;
    std::string id;
};

enum class Birth { Create, Run };
struct CreateArguments {
    Birth birth = Birth::Create;
    std::string id;
    std::string bundle = ".";
    std::string config;
    std::string console_socket;
    std::string pidfd_socket;
    std::string pid_file;
    bool no_pivot = false;
    bool no_new_keyring = false;
    std::uint32_t preserve_fds = 0;
    bool detach = false;
    bool keep = false;
};

struct ExecArguments {
    std::string id;
    std::vector<std::string> command;
    std::string process_file;
    std::vector<std::string> env;
    std::optional<std::string> cwd;
    std::optional<std::string> user;
    std::vector<std::uint32_t> additional_gids;
    std::vector<std::string> capabilities;
    std::vector<std::string> cgroups;
    bool no_new_privileges = false;
    std::optional<std::string> apparmor;
    std::optional<std::string> process_label;
    bool tty = false;
    std::string console_socket;
    std::string pidfd_socket;
    std::string pid_file;
    bool detach = false;
    bool ignore_paused = false;
    std::uint32_t preserve_fds = 0;
};

struct KillArguments {
    std::string id;  ///< or a pattern
    std::optional<std::string> signal;
    bool all = false;
    bool regex = false;
};

struct DeleteArguments {
    std::string id;  ///< or a pattern
    bool force = false;
    bool regex = false;
};

struct ListArguments {
    std::string format = "table";
    bool quiet = false;
};

struct GcArguments {
    bool stopped = false;
    bool dry_run = false;
};

struct PsArguments {
    std::string id;
    std::string format = "table";
    std::vector<std::string> options;
};

struct EventsArguments {
    std::vector<std::string> ids;
    bool all = false;
    std::string interval = "5s";
    std::vector<std::string> pressure;
    bool stats = false;
};

struct StatsArguments {
    std::vector<std::string> ids;
    bool all = false;
    std::string format = "table";
};

struct MountsArguments {
    std::string action;  ///< "add", "remove"
    std::string id;
    std::string file;
};

struct CheckpointArguments {
    std::string id;
    lifecycle::CheckpointOptions options;
};

struct RestoreArguments {
    std::string id;
    std::string bundle = ".";
    std::string console_socket;
    std::string pid_file;
    lifecycle::RestoreOptions options;
};

/// Single limits by their place in a resources document ("memory", "limit").
struct Limit {
    const char* flag;
    const char* group;
    const char* member;
    enum class Form { Number, Size, Text } form;
    std::optional<std::string> value = {};
};
struct UpdateArguments {
    std::string id;
    std::string resources;
    bool dry_run = false;
    bool json = false;
    std::vector<Limit> limits;
    std::string l3_cache_schema;
    std::string mem_bw_schema;
};

struct SpecArguments {
    std::string bundle = ".";
    std::string file = "config.json";
    bool rootless = false;
};

struct PlanArguments {
    std::string id = "plan";
    std::string bundle = ".";
    std::string config;
    bool json = false;
};

struct ConformanceArguments {
    std::vector<std::string> runtimes;
    std::string filter;
    std::vector<std::string> known;
    std::string suite = "spec";
    std::string format = "tap";
    std::string file;
    std::uint32_t parallel = 1;
    std::uint32_t timeout = 10;
    bool list = false;
    std::vector<std::string> peers;
    std::string judged;
    std::optional<std::uint32_t> seed;
    std::uint32_t count = 0;
    std::uint32_t seconds = 0;
};

struct FeaturesArguments {
    bool host = false;
};

struct ValidateArguments {
    std::vector<std::string> paths;
    std::string type;
    std::string format = "text";
    bool strict = false;
    bool host = false;
};

struct AuditArguments {
    std::vector<std::string> paths;
    std::vector<std::string> accepted;
    std::string format = "text";
    std::string fail_on = "high";
    bool list = false;
};

/// Nothing but a text to show: --help, --version.
struct TextArguments {
    std::string text;
};

using Arguments =
    std::variant<TextArguments, TargetArguments, CreateArguments, ExecArguments, KillArguments,
                 DeleteArguments, ListArguments, GcArguments, PsArguments, EventsArguments,
                 StatsArguments, CheckpointArguments, RestoreArguments, MountsArguments,
                 UpdateArguments, SpecArguments, PlanArguments, FeaturesArguments,
                 ValidateArguments, AuditArguments, ConformanceArguments>;

}  // namespace cleat::cli
