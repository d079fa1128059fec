// Room: plan. Hooks.
#include "hooks.hpp"

namespace cleat::plan {
namespace {

using HookList = std::vector<spec::Hook> spec::Hooks::*;

bool has(const Container& container, HookList list) {
    return container.spec.hooks && !((*container.spec.hooks).*list).empty();
}

bool has_runtime_hooks(const Container& container) {
    return has(container, &spec::Hooks::prestart) || has(container, &spec::Hooks::create_runtime);
}

Steps call(const Container& container, HookKind kind, HookList list, const char* origin) {
    Steps steps;
    if (has(container, list))
        steps.add(RunHooks{.kind = kind,
                           .hooks = (*container.spec.hooks).*list,
                           .output = container.hook_output,
                           .errors = container.hook_errors},
                  origin);
    return steps;
}

}  // namespace

Steps call_runtime_hooks(const Container& container) {
    Steps host;
    if (!has_runtime_hooks(container)) return host;
    host.add(Await{Gate::MountsMade});
    host += call(container, HookKind::Prestart, &spec::Hooks::prestart, "/hooks/prestart");
    host += call(container, HookKind::CreateRuntime, &spec::Hooks::create_runtime,
                 "/hooks/createRuntime");
    host.add(Report{Gate::RuntimeHooksDone});
    return host;
}

Steps call_container_hooks(const Container& container) {
    Steps init;
    if (has_runtime_hooks(container)) {
        init.add(Report{Gate::MountsMade});
        init.add(Await{Gate::RuntimeHooksDone});
    }
    init += call(container, HookKind::CreateContainer, &spec::Hooks::create_container,
                 "/hooks/createContainer");
    return init;
}

Steps call_start_hooks(const Container& container) {
    return call(container, HookKind::StartContainer, &spec::Hooks::start_container,
                "/hooks/startContainer");
}

Steps open_hook_outputs(const Container& container) {
    const auto& annotations = container.annotations;
    Steps host;
    if (container.hook_output)
        host.add(OpenHookOutput{.path = annotations.hooks_stdout, .slot = *container.hook_output},
                 "/annotations/run.oci.hooks.stdout");
    if (container.hook_errors)
        host.add(OpenHookOutput{.path = annotations.hooks_stderr, .slot = *container.hook_errors},
                 "/annotations/run.oci.hooks.stderr");
    return host;
}

}  // namespace cleat::plan
