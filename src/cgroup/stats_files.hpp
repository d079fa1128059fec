// Room: cgroup. What the readers of v1 and v2 statistics share: files that may not be there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cleat/cgroup/stats.hpp"

namespace cleat::cgroup {

/// The files of one cgroup; what cannot be read is empty or 0.
class StatFiles {
 public:
    explicit StatFiles(const plan::CgroupDirectory& directory) : path_(full_path(directory)) {}
    explicit StatFiles(std::string path) : path_(std::move(path)) {}
    [[nodiscard]] std::string text(std::string_view file) const;
    /// The file's one number; `none` for "max".
    [[nodiscard]] std::uint64_t number(std::string_view file, std::uint64_t none = 0) const;
    /// "key value" lines, as in memory.stat.
    [[nodiscard]] std::map<std::string, std::uint64_t> table(std::string_view file) const;
    [[nodiscard]] std::optional<PressurePair> pressure(std::string_view file) const;
    /// The sizes of huge pages that have a file "hugetlb.SIZE" + `suffix`.
    [[nodiscard]] std::vector<std::string> hugetlb_sizes(std::string_view suffix) const;

 private:
    std::string path_;
};

/// The value of `key`, or 0.
[[nodiscard]] std::uint64_t entry(const std::map<std::string, std::uint64_t>& table,
                                  const char* key);
/// "0-2,5" as 0, 1, 2, 5 (cpuset(7), list format).
[[nodiscard]] std::vector<std::uint16_t> parse_list(std::string_view text);
/// "8:16" as its two numbers.
[[nodiscard]] std::optional<IoEntry> parse_device(std::string_view text);

void read_v1(const Directories& directories, Stats& stats);
void read_v2(const plan::CgroupDirectory& unified, Stats& stats);

}  // namespace cleat::cgroup
