// Room: plan. What the compiler makes of a variant of all steps, once for everybody.
#include "cleat/plan/steps.hpp"

namespace cleat::plan {

Action::Action(const Action&) = default;
Action::Action(Action&&) noexcept = default;
Action& Action::operator=(const Action&) = default;
Action& Action::operator=(Action&&) noexcept = default;
Action::~Action() = default;

}  // namespace cleat::plan
