// What could come over the shim's socket or on its standard input: frames, and the messages in
// them.
#include <string>

#include "../../src/shim/arguments.hpp"
#include "../../src/shim/frame.hpp"
#include "../../src/shim/options.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;
using namespace cleat::shim;

void claim_inside(std::string_view part, std::string_view whole) {
    if (part.empty()) return;
    fuzz::claim(
        part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(),
        "what is read lies in what was given");
}

/// Each field is inside, and the reading ends.
void walk(std::string_view bytes, int depth) {
    constexpr int kDeepest = 3;
    Reader reader(bytes);
    std::size_t fields = 0;
    while (reader.next()) {
        fuzz::claim(++fields <= bytes.size(), "a field takes a byte at least");
        fuzz::claim(reader.field() != 0, "there is no field 0");
        claim_inside(reader.bytes(), bytes);
        if (depth < kDeepest) walk(reader.bytes(), depth + 1);
    }
    fuzz::claim(!reader.next(), "the end is the end");
}

void call(std::string_view bytes) {
    const auto request = read_request(bytes);
    if (!request) return;
    claim_inside(request->service, bytes);
    claim_inside(request->method, bytes);
    claim_inside(request->payload, bytes);
    const auto again = write_request(*request);
    const auto same = read_request(again);
    fuzz::claim(same && same->service == request->service && same->method == request->method &&
                    same->payload == request->payload,
                "a request that is written is read as it was");
    for (const auto shape :
         {Shape::Create, Shape::Exec, Shape::Kill, Shape::Resize, Shape::Update, Shape::Plain}) {
        const auto body = read_task_request(shape, request->payload);
        if (!body) continue;
        static_cast<void>(forward_request(create_event(*body, 1), "space"));
        const auto options = read_options(body->body);
        if (!options) fuzz::claim(!options.error().text.empty(), "a refusal says something");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::text_of(data, size);
    walk(bytes, 0);
    static_cast<void>(read_response(bytes));
    call(bytes);
    Arguments arguments;
    arguments.id = arguments.name_space = "x";
    const auto bootstrap = read_bootstrap(bytes, arguments);
    static_cast<void>(read_options(bootstrap.options));
    if (size >= kHeaderSize) {
        const auto header = read_header(bytes);
        const auto written = frame(header.stream, FrameType::Request, bytes.substr(kHeaderSize));
        fuzz::claim(read_header(written).stream == header.stream, "a stream stays the same");
        call(bytes.substr(kHeaderSize));
    }
    return 0;
}
