// Room: validate. The config compiled for this host, as `create` would. Compiling stops at the
// first refusal; to know the others, what was refused is taken out of the document, and it is tried
// again.
#include <algorithm>
#include <cerrno>
#include <variant>

#include "cleat/base/text.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "rules.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

/// Takes out what the pointer names; false if there is nothing to take.
bool take_out(Node& root, std::string_view pointer) {
    const auto tokens = pointer_tokens(pointer);
    if (tokens.empty()) return false;
    Node* node = &root;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        const auto inner = spec::find_node(*node, pointer_push("", tokens[i]));
        if (!inner.exact) return false;
        node =
            const_cast<Node*>(inner.node);  // NOLINT(*-const-cast): part of `root`, which is ours
    }
    if (node->kind == Node::Kind::Object)
        return std::erase_if(node->members,
                             [&](const auto& member) { return member.first == tokens.back(); }) > 0;
    const auto index = parse_number<std::size_t>(tokens.back());
    if (!index || *index >= node->elements.size()) return false;
    node->elements.erase(node->elements.begin() + static_cast<std::ptrdiff_t>(*index));
    return true;
}

/// Elements behind one that was taken out have other numbers than in the document.
bool is_renumbered(const std::vector<std::string>& taken, std::string_view pointer) {
    return std::ranges::any_of(taken, [&](std::string_view other) {
        const auto list = other.substr(0, other.rfind('/') + 1);
        return parse_number<std::size_t>(other.substr(list.size())) && pointer.starts_with(list);
    });
}

Result<plan::Plan> compile(const spec::Spec& spec, const plan::HostFacts& facts,
                           const std::string& bundle) {
    const auto id = TRY(ContainerId::parse("validate"));
    return plan::compile(spec, facts, plan::Options{.id = id, .bundle = bundle});
}

Finding finding_of(std::string pointer, std::string message, spec::Severity severity) {
    return {.source = Source::Host,
            .severity = severity,
            .pointer = std::move(pointer),
            .message = std::move(message)};
}

/// Options that no file system of this kernel takes. Who has not the right to mount learns nothing.
void check_options(const plan::Plan& plan, std::vector<Finding>& found) {
    for (const auto& [action, origin] : plan.init) {
        const auto* mount = std::get_if<plan::MountFilesystem>(&action);
        // The layers of an overlay are looked up while they are named, as the container's root.
        if (mount == nullptr || mount->data.empty() || mount->type == "overlay") continue;
        const auto known = sys::Tree::ask({.type = mount->type.c_str(), .options = &mount->data});
        if (!known && known.error().errno_value == EINVAL)
            found.push_back(
                finding_of(origin + "/options", describe(known.error()), spec::Severity::Error));
    }
}

}  // namespace

void check_host(const Document& document, const Node& root, const plan::HostFacts& facts,
                std::vector<Finding>& found) {
    auto real = sys::real_path(document.directory);
    const std::string bundle = real ? *std::move(real) : document.directory;
    Node rest = root;
    std::vector<std::string> taken;
    for (;;) {
        const auto decoded = spec::examine_config(rest, document.text);
        if (!decoded.value) return;
        if (taken.empty()) check_files(*decoded.value, bundle, found);
        auto plan = compile(*decoded.value, facts, bundle);
        if (plan) {
            if (taken.empty()) check_options(*plan, found);
            for (const auto& warning : plan->warnings)
                if (!is_renumbered(taken, warning.pointer))
                    found.push_back(finding_of(warning.pointer, warning.message, warning.severity));
            return;
        }
        const auto& error = plan.error();
        if (is_renumbered(taken, error.pointer)) return;
        found.push_back(finding_of(error.pointer, describe(error), spec::Severity::Error));
        if (!take_out(rest, error.pointer)) return;
        taken.push_back(error.pointer);
    }
}

}  // namespace cleat::validate
