// Room: validate. What may have been meant.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "outline.hpp"
#include "rules.hpp"
#include "similar.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

std::string did_you_mean(std::string_view word) {
    return concat("did you mean ", quoted(word), "?");
}

/// For a text that is none of the words which the schema lists.
std::string hint_of_words(const Node& node, const std::vector<std::string_view>& words) {
    constexpr std::size_t kMost = 10;
    if (node.kind != Node::Kind::String || words.empty()) return {};
    if (std::ranges::find(words, node.text) != words.end()) return {};
    if (const auto similar = most_similar(node.text, words); !similar.empty())
        return did_you_mean(similar);
    if (words.size() > kMost) return {};
    return concat("it is one of ", join({words.begin(), words.end()}, ", "));
}

/// For a value in quotes that would be right without them, and one that belongs in a list.
std::string hint_of_type(const Finding& finding, const Node& node) {
    if (node.kind != Node::Kind::String) return {};
    const std::string_view message = finding.message;
    const bool number = parse_number<std::int64_t>(node.text).has_value();
    const bool boolean = node.text == "true" || node.text == "false";
    if ((message.starts_with("must be an integer") && number) ||
        (message.starts_with("must be a boolean") && boolean))
        return concat("write ", node.text, " without quotes");
    if (message.starts_with("must be an array")) return concat("write [", quoted(node.text), "]");
    return {};
}

/// "needs a uts namespace in /linux/namespaces": what to write there.
std::string hint_of_namespace(std::string_view message) {
    if (message.find("/linux/namespaces") == std::string_view::npos) return {};
    const auto end = message.find(" namespace");
    if (end == std::string_view::npos) return {};
    const auto before = message.substr(0, end);
    const auto type = before.substr(before.rfind(' ') + 1);
    return concat("add {\"type\": ", quoted(type), "} to /linux/namespaces");
}

}  // namespace

std::string hint_for(const Finding& finding, const Node& root, const Outline& outline) {
    if (auto hint = hint_of_namespace(finding.message); !hint.empty()) return hint;
    const auto place = spec::find_node(root, finding.pointer);
    if (!place.exact) return {};
    if (finding.pointer.ends_with("/fileMode") || finding.pointer.ends_with("/umask"))
        return "JSON has decimal numbers alone: 0644 is 420";
    if (auto hint = hint_of_type(finding, *place.node); !hint.empty()) return hint;
    return hint_of_words(*place.node, outline.words_at(finding.pointer));
}

}  // namespace cleat::validate
