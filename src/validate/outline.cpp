// Room: validate. The schema as a tree to walk along with a document.
#include "outline.hpp"

#include "cleat/base/text.hpp"
#include "similar.hpp"

namespace cleat::validate {
namespace {

using spec::Node;

std::string number_text(const Node& node) {
    return node.kind == Node::Kind::Integer ? concat(node.integer) : concat(node.unsigned_integer);
}

/// Members beyond those that are named: a schema for each, or nothing if they have no meaning.
const Node* schema_of_others(const Node& schema) {
    const Node* others = schema.find("additionalProperties");
    return others != nullptr && others->kind == Node::Kind::Object ? others : nullptr;
}

/// Whether other members are lawful and mean something to somebody.
bool is_open(const Node& schema) {
    const Node* others = schema.find("additionalProperties");
    return others != nullptr && others->kind == Node::Kind::Boolean && others->boolean;
}

}  // namespace

Outline::Outline(std::string_view schema) : document_(spec::parse_document(schema)) {}

/// Follows references; the comment of a referring place is nearer than that of its target.
Outline::Spot Outline::enter(const Node& schema, std::string_view section) const {
    const Node* comment = schema.find("$comment");
    const Node* reference = schema.find("$ref");
    if (reference == nullptr)
        return {.schema = &schema, .section = comment != nullptr ? comment->text : section};
    const auto target = spec::find_node(*document_.root, reference->text.substr(1));
    Spot spot = enter(*target.node, section);
    if (comment != nullptr) spot.section = comment->text;
    return spot;
}

Outline::Spot Outline::step(const Spot& from, std::string_view token) const {
    if (from.schema == nullptr) return {.section = from.section};
    const Node* next = nullptr;
    if (const Node* properties = from.schema->find("properties")) next = properties->find(token);
    if (next == nullptr) next = schema_of_others(*from.schema);
    if (next == nullptr) next = from.schema->find("items");
    if (next == nullptr) return {.section = from.section};
    return enter(*next, from.section);
}

Outline::Spot Outline::walk(std::string_view pointer) const {
    Spot spot = enter(*document_.root, {});
    for (const auto& token : pointer_tokens(pointer)) spot = step(spot, token);
    return spot;
}

std::string Outline::section_of(std::string_view pointer) const {
    return std::string(walk(pointer).section);
}

std::vector<std::string_view> Outline::words_at(std::string_view pointer) const {
    std::vector<std::string_view> words;
    const Spot spot = walk(pointer);
    if (spot.schema == nullptr) return words;
    const Node* list = spot.schema->find("enum");
    if (list == nullptr) list = spot.schema->find("examples");
    if (list == nullptr) return words;
    for (const auto& word : list->elements)
        if (!word.text.empty()) words.push_back(word.text);
    return words;
}

std::string_view Outline::type_at(std::string_view pointer) const {
    const Spot spot = walk(pointer);
    const Node* type = spot.schema == nullptr ? nullptr : spot.schema->find("type");
    if (type == nullptr) return "a string";  // of the words that are listed
    if (type->text == "integer") return "an integer";
    if (type->text == "boolean") return "a boolean";
    if (type->text == "array") return "an array";
    return type->text == "object" ? "an object" : "a string";
}

std::string Outline::range_at(std::string_view pointer) const {
    const Spot spot = walk(pointer);
    if (spot.schema == nullptr) return {};
    const Node* least = spot.schema->find("minimum");
    const Node* most = spot.schema->find("maximum");
    if (least == nullptr) return {};
    return most == nullptr ? number_text(*least) + " or more"
                           : concat(number_text(*least), " to ", number_text(*most));
}

void Outline::search(const Node& node, const Spot& spot, const std::string& pointer,
                     std::vector<Unknown>& found) const {
    if (spot.schema == nullptr) return;
    for (std::size_t i = 0; i < node.elements.size(); ++i)
        search(node.elements[i], step(spot, concat(i)), pointer_push(pointer, i), found);
    const Node* properties = spot.schema->find("properties");
    const bool open = is_open(*spot.schema);
    for (const auto& [name, value] : node.members) {
        const auto inner = pointer_push(pointer, name);
        const bool known = properties != nullptr && properties->find(name) != nullptr;
        if (known || schema_of_others(*spot.schema) != nullptr) {
            search(value, step(spot, name), inner, found);
            continue;
        }
        if (properties == nullptr) continue;
        std::vector<std::string_view> names;
        for (const auto& member : properties->members)
            if (node.find(member.first) == nullptr) names.push_back(member.first);
        const auto similar = most_similar(name, names);
        if (!open || !similar.empty())
            found.push_back(
                {.pointer = inner, .offset = value.offset, .similar = std::string(similar)});
    }
}

std::vector<Unknown> Outline::unknown_in(const Node& root) const {
    std::vector<Unknown> found;
    search(root, enter(*document_.root, {}), {}, found);
    return found;
}

}  // namespace cleat::validate
