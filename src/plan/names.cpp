// Room: plan. Names of kinds, gates, hooks and namespaces for both printers.
#include <array>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"
#include "numbers.hpp"
#include "print.hpp"

namespace cleat::plan {
namespace {

/// The unqualified name of a type, which the compiler writes into the name of this function.
template <class Kind>
consteval std::string_view type_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("Kind = ") + sizeof "Kind = " - 1);
    text = text.substr(0, text.find_first_of(";]"));
    return text.substr(text.rfind(':') + 1);
}

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// "MakeCgroup" as "make-cgroup": a new kind brings its name along.
template <class Kind>
struct KebabName {
    static constexpr std::size_t kMost = 48;
    std::array<char, kMost> text{};
    std::size_t size = 0;

    consteval KebabName() {
        for (const char c : type_name<Kind>()) {
            if (is_upper(c) && size > 0) text[size++] = '-';
            text[size++] = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
};

template <class Kind>
constexpr KebabName<Kind> kKebabName{};

struct NamedFlag {
    std::uint64_t flag;
    std::string_view name;
};
// The specification's names.
constexpr std::array kNamespaces = std::to_array<NamedFlag>({
    {kCloneNewCgroup, "cgroup"},
    {kCloneNewIpc, "ipc"},
    {kCloneNewMount, "mount"},
    {kCloneNewNet, "network"},
    {kCloneNewPid, "pid"},
    {kCloneNewTime, "time"},
    {kCloneNewUser, "user"},
    {kCloneNewUts, "uts"},
});

}  // namespace

std::string_view kind_of(const Action& action) noexcept {
    return std::visit(
        []<class Kind>(const Kind&) {
            return std::string_view(kKebabName<Kind>.text.data(), kKebabName<Kind>.size);
        },
        action);
}

std::string_view gate_name(Gate gate) noexcept {
    switch (gate) {
        case Gate::IdMapsWritten:
            return "id maps written";
        case Gate::Confined:
            return "confined";
        case Gate::MountsMade:
            return "mounts made";
        case Gate::RuntimeHooksDone:
            return "runtime hooks done";
        case Gate::Ready:
            return "ready";
        case Gate::Committed:
            return "committed";
    }
    return "?";
}

std::string_view hook_name(HookKind kind) noexcept {
    switch (kind) {
        case HookKind::Prestart:
            return "prestart";
        case HookKind::CreateRuntime:
            return "createRuntime";
        case HookKind::CreateContainer:
            return "createContainer";
        case HookKind::StartContainer:
            return "startContainer";
        case HookKind::Poststart:
            return "poststart";
        case HookKind::Poststop:
            return "poststop";
    }
    return "?";
}

std::string_view root_change_name(RootChange how) noexcept {
    switch (how) {
        case RootChange::Pivot:
            return "pivot";
        case RootChange::Move:
            return "move";
        case RootChange::Chroot:
            return "chroot";
    }
    return "?";
}

std::string namespace_names(std::uint64_t flags) {
    std::vector<std::string> names;
    for (const auto& [flag, name] : kNamespaces)
        if ((flags & flag) != 0) names.emplace_back(name);
    return join(names, " ");
}

}  // namespace cleat::plan
