// Room: cli. The flags of update, mounts, events and stats.
#include "cleat/base/text.hpp"
#include "flags.hpp"

namespace cleat::cli {

namespace {

std::vector<Limit> all_limits() {
    using enum Limit::Form;
    return {{"--memory", "memory", "limit", Size},
            {"--memory-reservation", "memory", "reservation", Size},
            {"--memory-swap", "memory", "swap", Size},
            {"--kernel-memory", "memory", "kernel", Size},
            {"--kernel-memory-tcp", "memory", "kernelTCP", Size},
            {"--cpu-period", "cpu", "period", Number},
            {"--cpu-quota", "cpu", "quota", Number},
            {"--cpu-burst", "cpu", "burst", Number},
            {"--cpu-share,--cpu-shares", "cpu", "shares", Number},
            {"--cpu-rt-period", "cpu", "realtimePeriod", Number},
            {"--cpu-rt-runtime", "cpu", "realtimeRuntime", Number},
            {"--cpu-idle", "cpu", "idle", Number},
            {"--cpuset-cpus", "cpu", "cpus", Text},
            {"--cpuset-mems", "cpu", "mems", Text},
            {"--pids-limit", "pids", "limit", Number},
            {"--blkio-weight", "blockIO", "weight", Number}};
}

}  // namespace

void build_update(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<UpdateArguments>();
    own.limits = all_limits();
    add_text(app, "-r,--resources", own.resources, "file with the resources (JSON), - for stdin");
    app.add_flag("--dry-run", own.dry_run, "show what would be written, and write nothing");
    app.add_flag("--json", own.json, "what --dry-run shows as JSON");
    for (auto& limit : own.limits)
        add_optional(app, limit.flag, limit.value, concat(limit.group, ".", limit.member).c_str());
    add_text(app, "--l3-cache-schema", own.l3_cache_schema, "intelRdt.l3CacheSchema");
    add_text(app, "--mem-bw-schema", own.mem_bw_schema, "intelRdt.memBwSchema");
    add_id(app, own.id);
}

void build_mounts(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<MountsArguments>();
    app.add_option("ACTION", own.action, "add or remove")
        ->required()
        ->check(CLI::IsMember(std::vector<std::string>{"add", "remove"}));
    add_id(app, own.id);
    app.add_option("FILE", own.file, "file with an array of mounts (JSON)")->required();
}

void build_events(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<EventsArguments>();
    add_text(app, "--interval", own.interval, "time between statistics (default: 5s)");
    app.add_flag("--stats", own.stats, "show statistics once, and end");
    add_list(app, "--pressure", own.pressure, "tell of it, too: RESOURCE[:KIND[:STALL/WINDOW]]");
    add_ids(app, own.ids, own.all);
}

void build_stats(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<StatsArguments>();
    add_choice(app, "-f,--format", own.format,
               {{"table", "json", "prometheus"}, "table, json or prometheus (default: table)"});
    add_ids(app, own.ids, own.all);
}

}  // namespace cleat::cli
