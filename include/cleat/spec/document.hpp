// Room: spec (layer 1, pure). JSON text as a tree whose values know where they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::spec {

/// A JSON value. `offset` is that of its first byte in the text.
struct Node {
    enum class Kind { Null, Boolean, Integer, Unsigned, Float, String, Array, Object };
    Kind kind = Kind::Null;
    bool boolean = false;
    std::int64_t integer = 0;            ///< Integer: negative numbers
    std::uint64_t unsigned_integer = 0;  ///< Unsigned
    std::size_t offset = 0;
    std::string text = {};                                   ///< String
    std::vector<Node> elements = {};                         ///< Array
    std::vector<std::pair<std::string, Node>> members = {};  ///< Object, in document order

    [[nodiscard]] const Node* find(std::string_view name) const;
};

/// "a string", "an array"… for messages.
[[nodiscard]] std::string_view name_of(Node::Kind kind) noexcept;

/// A text that was read, or the one problem that kept it from being read.
struct Document {
    std::optional<Node> root;
    std::optional<Problem> problem;
};

/// To find where values stand takes time. Unknown, every offset is 0; a problem of the text itself
/// has its place in any case.
enum class Positions { Known, Unknown };

/// Refuses what is not JSON, trailing text, duplicate members, NUL characters, more than 64 levels
/// and more than 4 MiB.
[[nodiscard]] Document parse_document(std::string_view text,
                                      Positions positions = Positions::Known);

/// The string at /object/member, found without a look at what else is in the text. Nothing if it is
/// not there; what it gives of a text that parse_document() refuses is not said.
[[nodiscard]] std::optional<std::string> glance(std::string_view text, std::string_view object,
                                                std::string_view member);

/// The node that a pointer names; where a part is missing, the deepest one on the way.
struct Found {
    const Node* node = nullptr;
    bool exact = true;
};
[[nodiscard]] Found find_node(const Node& root, std::string_view pointer);

[[nodiscard]] Position position_at(std::string_view text, std::size_t offset);

}  // namespace cleat::spec
