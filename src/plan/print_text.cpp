// Room: plan. A plan as text: `cleat plan`, and the golden tests.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"

namespace cleat::plan {
namespace {

/// "  12  mount tmpfs at /dev (nosuid)  <- /mounts/1".
void print_list(std::string_view name, const std::vector<Step>& steps, std::string& out) {
    constexpr std::size_t kNumberWidth = 4;
    if (steps.empty()) return;
    out += concat("\n", name, "\n");
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string number = concat(i);
        out.append(kNumberWidth - std::min(kNumberWidth, number.size()), ' ');
        out += concat(number, "  ", print_step(steps[i]));
        if (!steps[i].origin.empty()) out += concat("  <- ", steps[i].origin);
        out += '\n';
    }
}

void print_cgroups(const Plan& plan, std::string& out) {
    for (std::size_t i = 0; i < plan.cgroups.size(); ++i) {
        const auto& [controllers, mountpoint, path, unified] = plan.cgroups[i];
        out += concat("cgroup ", i, ": ", mountpoint, path, " (", unified ? "v2" : "v1",
                      controllers.empty() ? "" : " ", join(controllers, " "), ")\n");
    }
}

}  // namespace

std::string print_text(const Plan& plan) {
    std::string out;
    for (const auto& warning : plan.warnings)
        out += concat("warning: ", warning.pointer, ": ", warning.message, "\n");
    print_cgroups(plan, out);
    print_list("host", plan.host, out);
    print_list("joiner", plan.joiner, out);
    print_list("init", plan.init, out);
    return out;
}

}  // namespace cleat::plan
