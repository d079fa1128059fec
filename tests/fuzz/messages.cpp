// What the other end of the socket could send, whole or in part, whatever it is.
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "../../src/launch/protocol.hpp"
#include "cleat/sys/message.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    const auto pair = sys::seqpacket_pair();
    if (!pair || size == 0) return 0;
    // A message is mostly its texts: what is missing of it is filled up with the last byte.
    unsigned char message[sizeof(launch::Message) + 1];
    std::memset(message, data[size - 1], sizeof message);
    std::memcpy(message, data, size < sizeof message ? size : sizeof message);
    const std::size_t sent = data[0] == 0xff ? size : sizeof(launch::Message);
    if (::send(pair->first.get(), message, sent < sizeof message ? sent : sizeof message,
               MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return 0;
    const auto received = launch::receive(pair->second.get());
    if (!received) {
        fuzz::claim_message(received.error().what);
        return 0;
    }
    const auto error = launch::to_error(received->message);
    fuzz::claim(error.what.size() < sizeof received->message.what, "a text ends in its field");
    fuzz::claim(error.pointer.size() < sizeof received->message.pointer, "so does a pointer");
    fuzz::claim(error.kind <= ErrorKind::Internal, "a kind is one of those that there are");
    fuzz::claim(received->message.kind <= launch::MessageKind::Failed, "so is a message's");
    return 0;
}
