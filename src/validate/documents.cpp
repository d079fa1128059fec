// Room: validate. Which document it is; the rules of those that only runtimes write (runtime.md,
// features.md).
#include <algorithm>
#include <array>
#include <charconv>

#include "cleat/base/text.hpp"
#include "rules.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

/// The three numbers of a version (SemVer 2.0), whatever follows them.
std::optional<std::array<std::uint32_t, 3>> version_of(std::string_view text) {
    const auto parts = split(text.substr(0, text.find_first_of("-+")), '.');
    std::array<std::uint32_t, 3> numbers{};
    if (parts.size() != numbers.size()) return std::nullopt;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto number = parse_number<std::uint32_t>(parts[i]);
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    return numbers;
}

/// Where the text of a member is to be had: nullptr if it is missing or no text.
const Node* text_member(const Node& root, std::string_view name) {
    const Node* node = root.find(name);
    return node != nullptr && node->kind == Node::Kind::String ? node : nullptr;
}

void check_version(const Node& root, std::string_view name, std::vector<Finding>& found) {
    const Node* node = text_member(root, name);
    if (node != nullptr && !version_of(node->text))
        found.push_back({.pointer = concat("/", name),
                         .message = concat(quoted(node->text), " is not a version such as 1.3.0")});
}

}  // namespace

std::string_view name_of(DocumentType type) noexcept {
    switch (type) {
        case DocumentType::Config:
            return "config";
        case DocumentType::State:
            return "state";
        case DocumentType::Features:
            return "features";
    }
    return "config";
}

DocumentType type_of(const Node& root) {
    const auto has = [&](std::string_view name) { return root.find(name) != nullptr; };
    if (has("ociVersionMin") || has("ociVersionMax")) return DocumentType::Features;
    const bool configured = has("root") || has("process") || has("mounts");
    return !configured && has("status") && (has("id") || has("bundle")) ? DocumentType::State
                                                                        : DocumentType::Config;
}

void check_state(const Node& root, std::vector<Finding>& found) {
    check_version(root, "ociVersion", found);
    const Node* bundle = text_member(root, "bundle");
    if (bundle != nullptr && !bundle->text.empty() && !bundle->text.starts_with('/') &&
        bundle->text.find(":\\") != 1)
        found.push_back({.pointer = "/bundle", .message = "must be an absolute path"});
    const Node* status = text_member(root, "status");
    const bool lives =
        status != nullptr && (status->text == "created" || status->text == "running");
    if (lives && root.find("pid") == nullptr)
        found.push_back({.pointer = "/pid",
                         .message = concat("is required of a container that is ", status->text)});
}

void check_features(const Node& root, std::vector<Finding>& found) {
    check_version(root, "ociVersionMin", found);
    check_version(root, "ociVersionMax", found);
    const Node* least = text_member(root, "ociVersionMin");
    const Node* most = text_member(root, "ociVersionMax");
    if (least == nullptr || most == nullptr) return;
    const auto from = version_of(least->text);
    const auto to = version_of(most->text);
    if (from && to && *from > *to)
        found.push_back({.pointer = "/ociVersionMin",
                         .message = concat("is beyond ociVersionMax, ", quoted(most->text))});
}

}  // namespace cleat::validate
