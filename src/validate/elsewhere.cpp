// Room: validate. Properties that other runtimes leave out in silence, as their sources of August
// 2026 have it (runc 1.5, crun 1.29, youki 0.7): a config that relies on one is not portable.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "rules.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

enum class Where { Anywhere, CgroupV2 };

/// `*` in a pattern is any member or element. With a `value`, only texts that are or begin so.
struct Habit {
    std::string_view pattern;
    std::string_view value;
    std::string_view runtimes;
    Where where = Where::Anywhere;
};

constexpr std::string_view kOptions = "/mounts/*/options/*";
constexpr Habit kHabits[] = {
    {"/process/consoleSize", "", "youki"},
    {"/process/selinuxLabel", "", "youki"},
    {"/process/user/username", "", "runc, crun and youki"},
    {"/process/scheduler/flags/*", "SCHED_FLAG_UTIL_CLAMP", "runc, crun and youki"},
    {kOptions, "nosymfollow", "crun and youki"},
    {kOptions, "lazytime", "crun and youki"},
    {kOptions, "iversion", "crun and youki"},
    {kOptions, "tmpcopyup", "youki"},
    {kOptions, "copy-symlink", "runc and youki"},
    {kOptions, "src-nofollow", "runc and youki"},
    {kOptions, "dest-nofollow", "runc and youki"},
    {"/linux/personality/flags", "", "runc"},
    {"/linux/resources/memory/kernel", "", "runc"},
    {"/linux/resources/memory/kernelTCP", "", "runc"},
    {"/linux/resources/memory/useHierarchy", "", "runc and youki"},
    {"/linux/resources/memory/checkBeforeUpdate", "", "youki"},
    {"/linux/resources/memory/swappiness", "", "runc and youki", Where::CgroupV2},
    {"/linux/resources/memory/disableOOMKiller", "", "runc", Where::CgroupV2},
    {"/linux/resources/cpu/realtimeRuntime", "", "runc", Where::CgroupV2},
    {"/linux/resources/cpu/realtimePeriod", "", "runc", Where::CgroupV2},
    {"/linux/resources/network/classID", "", "runc and youki", Where::CgroupV2},
    {"/linux/resources/network/priorities", "", "runc and youki", Where::CgroupV2},
    {"/linux/resources/rdma", "", "crun and youki"},
};

/// Whether a value asks for anything: -1 and false are what there is without it.
bool asks(const Node& node, const Habit& habit) {
    if (!habit.value.empty()) return node.text.starts_with(habit.value);
    if (node.kind == Node::Kind::Array) return !node.elements.empty();
    if (node.kind == Node::Kind::Object) return !node.members.empty();
    return node.boolean || node.unsigned_integer > 0 || !node.text.empty();
}

class Search {
 public:
    Search(const Habit& habit, std::vector<Finding>& found) : habit_(habit), found_(found) {}

    void run(const Node& node, std::string_view rest, const std::string& pointer) {
        if (rest.empty()) return asks(node, habit_) ? warn(pointer) : void();
        rest.remove_prefix(1);
        const auto token = rest.substr(0, rest.find('/'));
        rest.remove_prefix(token.size());
        if (token != "*") {
            if (const Node* inner = node.find(token))
                run(*inner, rest, pointer_push(pointer, token));
            return;
        }
        for (std::size_t i = 0; i < node.elements.size(); ++i)
            run(node.elements[i], rest, pointer_push(pointer, i));
    }

 private:
    void warn(const std::string& pointer) {
        const bool many = habit_.runtimes.find(" and ") != std::string_view::npos;
        found_.push_back(
            {.source = Source::Elsewhere,
             .severity = spec::Severity::Warning,
             .pointer = pointer,
             .message = concat(habit_.runtimes, many ? " ignore" : " ignores", " this",
                               habit_.where == Where::CgroupV2 ? " on cgroup v2" : "")});
    }

    const Habit& habit_;
    std::vector<Finding>& found_;
};

}  // namespace

void warn_of_runtimes(const Node& root, const plan::HostFacts* facts, std::vector<Finding>& found) {
    const bool v2 = facts == nullptr || facts->cgroup_mode == plan::CgroupMode::Unified;
    for (const auto& habit : kHabits)
        if (habit.where == Where::Anywhere || v2) Search(habit, found).run(root, habit.pattern, {});
}

}  // namespace cleat::validate
