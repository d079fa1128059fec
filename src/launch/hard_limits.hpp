// Room: launch. What a process in another user namespace may not do for itself; host process.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <variant>
#include <vector>

#include "cleat/plan/plan.hpp"

namespace cleat::launch {

/// Only CAP_SYS_RESOURCE of the first user namespace raises a hard limit (getrlimit(2)), and who is
/// in another has it not. So the child inherits the limits that it will set, and we go back to
/// ours. What we may not raise either is left for the child to say.
class HardLimits {
 public:
    explicit HardLimits(const std::vector<plan::Step>& init) {
        if (!std::ranges::any_of(init, [](const plan::Step& step) {
                return std::holds_alternative<plan::BecomeRoot>(step.action);
            }))
            return;
        for (const auto& step : init)
            if (const auto* limit = std::get_if<plan::SetRlimit>(&step.action)) raise(*limit);
    }
    /// A lower limit needs no right.
    void restore() const {
        for (std::size_t i = 0; i < ours_.size(); ++i)
            if (raised_.at(i))
                static_cast<void>(::setrlimit(static_cast<__rlimit_resource>(i), &ours_.at(i)));
    }

 private:
    void raise(const plan::SetRlimit& step) {
        const auto index = static_cast<std::size_t>(step.resource);
        const auto resource = static_cast<__rlimit_resource>(step.resource);
        ::rlimit now{};
        if (raised_.at(index) || ::getrlimit(resource, &now) < 0 || now.rlim_max >= step.hard)
            return;
        ours_.at(index) = now;
        now.rlim_max = step.hard;
        raised_.at(index) = ::setrlimit(resource, &now) == 0;
    }

    std::array<::rlimit, RLIM_NLIMITS> ours_{};
    std::array<bool, RLIM_NLIMITS> raised_{};
};

}  // namespace cleat::launch
