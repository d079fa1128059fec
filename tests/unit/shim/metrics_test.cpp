#include "metrics.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cleat;
using namespace cleat::shim;

namespace {

/// The number at a path of fields; 0 if there is none.
std::uint64_t number_at(std::string_view bytes, std::initializer_list<std::uint32_t> path) {
    std::uint64_t number = 0;
    for (const auto field : path) {
        Reader reader(bytes);
        bytes = {};
        number = 0;
        while (reader.next()) {
            if (reader.field() != field) continue;
            bytes = reader.bytes();
            number = reader.number();
        }
    }
    return number;
}

cgroup::Stats sample() {
    cgroup::Stats stats;
    stats.cpu.total = 5000;
    stats.cpu.percpu = {1, 300};
    stats.memory.usage = {.limit = 100, .usage = 40, .max = 50, .failcnt = 2};
    stats.memory.swap = {.limit = 150, .usage = 45, .max = 0, .failcnt = 0};
    stats.memory.raw = {{"total_inactive_file", 7}, {"anon", 8}, {"pgmajfault", 9}};
    stats.memory.events = {{"high", 5}, {"oom_kill", 2}, {"oom_group_kill", 1}};
    stats.pids = {.current = 3, .limit = 4};
    stats.io.service_bytes = {{.major = 8, .minor = 0, .operation = "Read", .value = 11},
                              {.major = 8, .minor = 0, .operation = "Write", .value = 12}};
    stats.io.serviced = {{.major = 8, .minor = 0, .operation = "Write", .value = 13}};
    stats.hugetlb["2MB"] = {.usage = 1, .max = 2, .failcnt = 3};
    return stats;
}

}  // namespace

TEST_CASE("metrics of cgroup v1") {
    auto any = encode_metrics(sample(), CgroupVersion::One);
    const auto bytes = any.take();
    CHECK(bytes.find("io.containerd.cgroups.v1.Metrics") != std::string::npos);
    CHECK(number_at(bytes, {2, 2, 1}) == 3);        // pids.current
    CHECK(number_at(bytes, {2, 3, 1, 1}) == 5000);  // cpu.usage.total, nanoseconds
    CHECK(number_at(bytes, {2, 4, 30}) == 7);       // memory.total_inactive_file
    CHECK(number_at(bytes, {2, 4, 10}) == 9);       // memory.pg_maj_fault
    CHECK(number_at(bytes, {2, 4, 33, 2}) == 40);   // memory.usage.usage
    CHECK(number_at(bytes, {2, 4, 34, 1}) == 150);  // memory.swap.limit
    CHECK(number_at(bytes, {2, 5, 2, 5}) == 13);    // blkio.io_serviced_recursive.value
    CHECK(number_at(bytes, {2, 1, 3}) == 3);        // hugetlb.failcnt
}

TEST_CASE("metrics of cgroup v2") {
    auto any = encode_metrics(sample(), CgroupVersion::Two);
    const auto bytes = any.take();
    CHECK(bytes.find("io.containerd.cgroups.v2.Metrics") != std::string::npos);
    CHECK(number_at(bytes, {2, 1, 2}) == 4);      // pids.limit
    CHECK(number_at(bytes, {2, 2, 1}) == 5);      // cpu.usage_usec
    CHECK(number_at(bytes, {2, 4, 1}) == 8);      // memory.anon
    CHECK(number_at(bytes, {2, 4, 19}) == 9);     // memory.pgmajfault
    CHECK(number_at(bytes, {2, 4, 33}) == 100);   // memory.usage_limit
    CHECK(number_at(bytes, {2, 4, 34}) == 5);     // memory.swap_usage, without the memory
    CHECK(number_at(bytes, {2, 4, 35}) == 50);    // memory.swap_limit
    CHECK(number_at(bytes, {2, 6, 1, 3}) == 11);  // io.usage.rbytes
    CHECK(number_at(bytes, {2, 6, 1, 6}) == 13);  // io.usage.wios
    CHECK(number_at(bytes, {2, 7, 1}) == 1);      // hugetlb.current
    CHECK(number_at(bytes, {2, 8, 2}) == 5);      // memory_events.high
    CHECK(number_at(bytes, {2, 8, 5}) == 2);      // memory_events.oom_kill
}

TEST_CASE("a limit of none stays none") {
    auto stats = sample();
    stats.memory.swap.limit = ~std::uint64_t{0};
    auto any = encode_metrics(stats, CgroupVersion::Two);
    CHECK(number_at(any.take(), {2, 4, 35}) == ~std::uint64_t{0});
}
