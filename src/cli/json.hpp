// Room: cli. The few JSON texts that cli itself makes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cleat/cgroup/stats.hpp"

namespace cleat::cli {

/// One line of a log, newline included; podman and containerd read level, msg and time.
struct LogLine {
    std::string_view level;
    std::string_view message;
    std::string time;
    std::string_view pointer;
};
[[nodiscard]] std::string log_line(const LogLine& line);

/// One line of `events`, newline included.
[[nodiscard]] std::string stats_line(const std::string& id, const cgroup::Stats& stats);
[[nodiscard]] std::string oom_line(const std::string& id);
/// Times are in milliseconds.
[[nodiscard]] std::string pressure_line(const std::string& id,
                                        const cgroup::PressureTrigger& trigger);

/// "5s", "1m30s", "250ms" in milliseconds. Errors: InvalidArgument, also for none at all.
[[nodiscard]] Result<std::chrono::milliseconds> parse_interval(std::string_view text);

/// "memory", "io:full", "cpu:some:200ms/2s". Errors: InvalidArgument.
[[nodiscard]] Result<cgroup::PressureTrigger> parse_trigger(std::string_view text);

/// The resources document that single limits of `update` stand for.
[[nodiscard]] Result<std::string> resources_of(const UpdateArguments& arguments);

/// "64", "64k", "64MiB" in bytes (powers of 1024); "-1" is no limit.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);

}  // namespace cleat::cli
