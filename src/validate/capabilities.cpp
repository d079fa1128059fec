// Room: validate. The sets of /process/capabilities. A capability that cannot be granted is for the
// log, not an error (config.md#linux-process): here it is said before there is a container.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/plan/names.hpp"
#include "rules.hpp"
#include "similar.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

constexpr int kLast = 40;  // CAP_CHECKPOINT_RESTORE, capabilities(7)

bool contains(const Node* set, std::string_view name) {
    return set != nullptr &&
           std::ranges::find(set->elements, name, &Node::text) != set->elements.end();
}

class CapabilityCheck {
 public:
    CapabilityCheck(const Node& sets, std::vector<Finding>& found)
        : sets_(sets),
          found_(found),
          text_(plan::capability_names(plan::all_capabilities(kLast))),
          known_(split(text_, ' ')) {}

    void run() {
        for (const auto& [name, set] : sets_.members)
            for (std::size_t i = 0; i < set.elements.size(); ++i)
                one(name, set.elements[i].text, i);
    }

 private:
    void one(const std::string& set, const std::string& name, std::size_t index) {
        const auto pointer = concat("/process/capabilities/", set, "/", index);
        if (std::ranges::find(known_, name) == known_.end())
            warn(pointer, concat("unknown capability ", quoted(name), " is not granted"),
                 most_similar(name, known_));
        else if ((set == "effective" || set == "ambient") &&
                 !contains(sets_.find("permitted"), name))
            warn(pointer, concat(name, " is not granted: it is not permitted"));
        else if (set == "ambient" && !contains(sets_.find("inheritable"), name))
            warn(pointer, concat(name, " is not granted: it is not inheritable"));
    }

    void warn(const std::string& pointer, std::string message, std::string_view similar = {}) {
        found_.push_back(
            {.source = Source::Value,
             .severity = spec::Severity::Warning,
             .pointer = pointer,
             .message = std::move(message),
             .hint = similar.empty() ? "" : concat("did you mean ", quoted(similar), "?")});
    }

    const Node& sets_;
    std::vector<Finding>& found_;
    std::string text_;
    std::vector<std::string_view> known_;
};

}  // namespace

void warn_of_capabilities(const Node& root, std::vector<Finding>& found) {
    const auto sets = spec::find_node(root, "/process/capabilities");
    if (sets.exact) CapabilityCheck(*sets.node, found).run();
}

}  // namespace cleat::validate
